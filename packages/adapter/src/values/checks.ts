import { InvalidValue } from "@kloset/wire/grpc";
import { describe, quoted } from "./describe.js";

const UINT32_MAX = 0xffff_ffff;

/** Returns true for an integer from 0 to `max`; the default is the largest 32-bit integer. */
export function isUint(value: unknown, max = UINT32_MAX): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

/**
 * Checks a string of an author's entry. On the wire, a lone surrogate would silently
 * become U+FFFD and change the name.
 *
 * @param what - Names the string in errors, such as "fileInfo.username".
 * @throws InvalidValue for a value that is not a string, or not valid Unicode.
 */
export function checkText(what: string, value: unknown): string {
  if (typeof value !== "string") throw new InvalidValue(`${what} must be a string: ${describe(value)}`);
  if (!value.isWellFormed()) throw new InvalidValue(`${what} is not valid Unicode: ${quoted(value)}`);
  return value;
}

/**
 * Checks a text that hosts store and later write to file systems.
 *
 * @param what - Name of the text in errors, such as "pathname".
 * @throws TypeError unless the value is a string of valid Unicode without NUL.
 */
export function checkTextWithoutNul(what: string, value: unknown): string {
  const text = checkText(what, value);
  if (text.includes("\0")) throw new InvalidValue(`${what} holds a NUL: ${quoted(text)}`);
  return text;
}

/**
 * Checks an absolute pathname. Hosts treat a different spelling as a different entry, or drop it.
 *
 * @param what - Name of the pathname in errors.
 * @throws TypeError if the pathname is not clean.
 */
export function checkClean(what: string, pathname: string): string {
  if (pathname !== "/" && /\/(?:\.{0,2})(?:\/|$)/.test(pathname)) {
    throw new InvalidValue(`${what} must be clean (no empty component, no ".", no ".."): ${quoted(pathname)}`);
  }
  return pathname;
}
