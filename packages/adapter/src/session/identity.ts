import { describe, quoted } from "../values/describe.js";
import { isUint } from "../values/checks.js";

/** Who a connector is: what v1.1's Init answers, of every kind of connector. */
export interface Identity {
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** Bits of `LocationFlag`. */
  readonly flags: number;
}

/** @returns The identity alone, of what holds more. */
export function identityOf({ origin, type, root, flags }: Identity): Identity {
  return { origin, type, root, flags };
}

/**
 * Checks what a method of the author's returned.
 *
 * @param method - Names it in errors, as "origin()".
 * @throws TypeError for what is no string, or can not be sent.
 */
export function textOf(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  if (!value.isWellFormed()) throw new TypeError(`${method} returned invalid Unicode: ${quoted(value)}`);
  return value;
}

/**
 * Checks what `flags()` returned.
 *
 * @param value - Absent for none.
 * @throws TypeError for what is no bit set of 32 bits.
 */
export function flagsOf(value: unknown): number {
  const flags = value ?? 0;
  if (!isUint(flags)) throw new TypeError(`flags() returned ${describe(flags)}: bits of LocationFlag are needed`);
  return flags;
}

/** Sets or clears a flag that stands for a method: who has the method has the flag, and nobody else. */
export function withFlag(flags: number, flag: number, present: boolean): number {
  return (present ? flags | flag : flags & ~flag) >>> 0;
}
