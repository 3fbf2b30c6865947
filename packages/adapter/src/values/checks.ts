import { describe, quoted } from "./describe.js";

const UINT32_MAX = 0xffff_ffff;

/** True for an integer from 0 to `max`, by default the largest of 32 bits. */
export function isUint(value: unknown, max = UINT32_MAX): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

/**
 * Checks a text that an author wrote into an entry. A lone surrogate would
 * silently become U+FFFD on the wire: another name than the one that was read.
 *
 * @param what - Names the text in errors, as "fileInfo.username".
 * @throws TypeError for what is no string, or not valid Unicode.
 */
export function checkText(what: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string: ${describe(value)}`);
  if (!value.isWellFormed()) throw new TypeError(`${what} is not valid Unicode: ${quoted(value)}`);
  return value;
}
