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
