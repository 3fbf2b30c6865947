import { inspect } from "node:util";
import { isAnyArrayBuffer } from "node:util/types";

/** Maximum characters of a name in an error. */
const SHOWN_OF_NAME = 1000;

/** Maximum characters of an unexpected string in an error. */
const SHOWN_OF_TEXT = 64;

/** Returns a number with its noun: "1 byte", "2 bytes". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a short description of a value for an error message. Bytes are counted, not shown. */
export function describe(value: unknown): string {
  if (typeof value === "string") return shortened(value);
  return bytesOf(value) ?? inspected(value, 0);
}

/** Describes a value that was found in place of content. Never shows the value itself, which may be confidential. */
export function describeContent(value: unknown): string {
  if (typeof value === "string") return `a string of ${counted(value.length, "character")}`;
  return bytesOf(value) ?? inspected(value, -1);
}

/** Returns a name in quotes for an error message, truncated if it is very long. */
export function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, SHOWN_OF_NAME)) : describe(value);
}

function shortened(text: string): string {
  const shown = JSON.stringify(text.slice(0, SHOWN_OF_TEXT));
  const more = text.length - SHOWN_OF_TEXT;
  return more <= 0 ? shown : `${shown}… (${counted(more, "more character")})`;
}

function bytesOf(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return counted(value.byteLength, "byte");
  return isAnyArrayBuffer(value) ? `a buffer of ${counted(value.byteLength, "byte")}` : undefined;
}

/** @param depth - Below 0, only the type of an object is shown. */
function inspected(value: unknown, depth: number): string {
  try {
    return inspect(value, { depth, maxStringLength: 80, maxArrayLength: 3, breakLength: Infinity }).slice(0, 200);
  } catch {
    return "something that cannot be printed";
  }
}
