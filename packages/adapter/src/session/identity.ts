import { InvalidValue } from "@kloset/wire/grpc";
import { describe, quoted } from "../values/describe.js";
import { checkClean, checkTextWithoutNul, isUint } from "../values/checks.js";

/** The identity of a connector of any kind, as in the response of v1.1's Init. */
export interface Identity {
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** Bits of `LocationFlag`. */
  readonly flags: number;
}

/** Copies the identity fields of a larger object. */
export function identityOf({ origin, type, root, flags }: Identity): Identity {
  return { origin, type, root, flags };
}

/**
 * Checks the string that an author's method returned.
 *
 * @param method - Names the method in errors, such as "origin()".
 * @throws InvalidValue for a value that is not a string, or not valid Unicode.
 */
export function textOf(method: string, value: unknown): string {
  if (typeof value !== "string") throw new InvalidValue(`${method} returned ${describe(value)}: a string is needed`);
  if (!value.isWellFormed()) throw new InvalidValue(`${method} returned invalid Unicode: ${quoted(value)}`);
  return value;
}

/**
 * Checks the value that the `root()` of an importer or exporter returned. Importers report errors without a pathname of
 * their own for it; v1.0 hosts prepend an exporter's root to every pathname, and a relative one would depend on the
 * working directory.
 *
 * @throws TypeError for a value that is not an absolute, clean pathname.
 */
export function rootOf(value: unknown): string {
  const root = textOf("root()", value);
  if (!root.startsWith("/")) {
    throw new InvalidValue(`root() must be an absolute path, as cleanPathname() returns: ${quoted(root)}`);
  }
  return checkClean("root()", checkTextWithoutNul("root()", root));
}

/**
 * Checks the value that `flags()` returned.
 *
 * @param value - Undefined or null for no flags.
 * @throws InvalidValue for a value that is not a set of 32 bits.
 */
export function flagsOf(value: unknown): number {
  const flags = value ?? 0;
  if (!isUint(flags)) throw new InvalidValue(`flags() returned ${describe(flags)}: bits of LocationFlag are needed`);
  return flags;
}

/** Sets a flag that stands for a method if the connector has the method, and clears it otherwise. */
export function withFlag(flags: number, flag: number, present: boolean): number {
  return (present ? flags | flag : flags & ~flag) >>> 0;
}
