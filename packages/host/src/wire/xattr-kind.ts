import type { connectors } from "@kloset/protocol/v1.1";
import type { ExtendedAttributeKind } from "@kloset/model";

/**
 * Kinds by the number that hosts send. They cast their own enumeration without shifting it, so the names in the proto do
 * not apply. Plakar up to 1.1.4 has no custom attributes.
 */
const KINDS: readonly ExtendedAttributeKind[] = ["extended", "ads", "custom"];

/** @returns The number on the wire of v1.1. v1.0 hosts send no kind. */
export function xattrKindToWire(kind: ExtendedAttributeKind): connectors.ExtendedAttributeType {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- its names do not match the wire numbers
  return KINDS.indexOf(kind);
}

/** @throws RangeError for any other number. */
export function xattrKindFromWire(type: number): ExtendedAttributeKind {
  const kind = KINDS[type];
  if (kind === undefined) {
    throw new RangeError(`an extended attribute has type ${type}, expected 0 (extended), 1 (ADS) or 2 (custom)`);
  }
  return kind;
}
