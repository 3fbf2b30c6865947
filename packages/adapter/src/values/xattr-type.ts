import type { ExtendedAttributeKind } from "@kloset/model";

/**
 * The kinds by their number on the wire. Not the numbers of the wire's
 * enumeration: hosts cast between theirs, which begins with "extended" at 0, and
 * the wire's without shifting.
 */
const KINDS = ["extended", "ads"] as const satisfies readonly ExtendedAttributeKind[];

/** @returns The number that hosts take for this kind. */
export function xattrTypeToWire(kind: ExtendedAttributeKind): 0 | 1 {
  return kind === KINDS[0] ? 0 : 1;
}

/** @returns The kind that hosts mean; undefined for a number that they do not send. */
export function xattrKindFromWire(type: number): ExtendedAttributeKind | undefined {
  return KINDS[type];
}
