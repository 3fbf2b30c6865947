import { inspect } from "node:util";
import { isAnyArrayBuffer } from "node:util/types";

/** The most characters of a text that an error shows. */
const SHOWN = 1000;

/** A value for an error message: short, and never the content itself. */
export function describe(value: unknown): string {
  if (typeof value === "string") return `a string of ${String(value.length)} characters`;
  if (ArrayBuffer.isView(value)) return `${String(value.byteLength)} bytes`;
  if (isAnyArrayBuffer(value)) return `a buffer of ${String(value.byteLength)} bytes`;
  try {
    return inspect(value, { depth: 0, maxStringLength: 80, maxArrayLength: 3, breakLength: Infinity }).slice(0, 200);
  } catch {
    return "something that can not be printed";
  }
}

/** A text for an error message, for texts that are names: in quotes, cut where it is very long. */
export function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, SHOWN)) : describe(value);
}
