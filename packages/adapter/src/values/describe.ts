import { inspect } from "node:util";
import { isAnyArrayBuffer } from "node:util/types";

/** The most characters of a name that an error shows. */
const SHOWN_OF_NAME = 1000;

/** The most characters that an error shows of a text in a wrong place. */
const SHOWN_OF_TEXT = 64;

/** A value for an error message: short. Bytes are counted, not shown. */
export function describe(value: unknown): string {
  if (typeof value === "string") return shortened(value);
  return bytesOf(value) ?? inspected(value, 0);
}

/** What came where content should, for an error message: never the content itself, which may be anybody's secret. */
export function describeContent(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} characters`;
  return bytesOf(value) ?? inspected(value, -1);
}

/** A text for an error message, for texts that are names: in quotes, cut where it is very long. */
export function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, SHOWN_OF_NAME)) : describe(value);
}

function shortened(text: string): string {
  const shown = JSON.stringify(text.slice(0, SHOWN_OF_TEXT));
  return text.length <= SHOWN_OF_TEXT ? shown : `${shown}… (${text.length - SHOWN_OF_TEXT} more characters)`;
}

function bytesOf(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return isAnyArrayBuffer(value) ? `a buffer of ${value.byteLength} bytes` : undefined;
}

/** @param depth - Below 0 nothing of an object is shown but what it is. */
function inspected(value: unknown, depth: number): string {
  try {
    return inspect(value, { depth, maxStringLength: 80, maxArrayLength: 3, breakLength: Infinity }).slice(0, 200);
  } catch {
    return "something that can not be printed";
  }
}
