import type { ExtendedAttributeKind } from "@kloset/model";

/**
 * The kinds by their number on the wire. These are not the numbers of the wire's
 * enumeration: hosts cast their own, which starts with "extended" at 0, to the wire's
 * without adjusting it.
 */
const KINDS = ["extended", "ads", "custom"] as const satisfies readonly ExtendedAttributeKind[];

/** Returns the number that hosts use for a kind. */
export function xattrTypeToWire(kind: ExtendedAttributeKind): 0 | 1 | 2 {
  return KINDS.indexOf(kind) as 0 | 1 | 2; // Every kind is in the table.
}

/** Returns the kind for a number that hosts send; undefined for any other number. */
export function xattrKindFromWire(type: number): ExtendedAttributeKind | undefined {
  return KINDS[type];
}
