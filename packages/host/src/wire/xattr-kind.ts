import { connectors } from "@kloset/protocol/v1.1";
import type { ExtendedAttributeKind } from "@kloset/model";

/**
 * The numbers that hosts send. They cast their own enumeration (0 extended, 1 alternate data stream) without shifting
 * it, so the names in the proto do not apply.
 */
const EXTENDED = 0;
const ADS = 1;

/** @returns The number on the wire of v1.1. v1.0 hosts send no kind. */
export function xattrKindToWire(kind: ExtendedAttributeKind): connectors.ExtendedAttributeType {
  // Selected by number, not by name: see above.
  return kind === "ads" ? connectors.ExtendedAttributeType.EXTENDED : connectors.ExtendedAttributeType.UNSPECIFIED;
}

/** @throws RangeError for any other number. */
export function xattrKindFromWire(type: number): ExtendedAttributeKind {
  if (type === EXTENDED) return "extended";
  if (type === ADS) return "ads";
  throw new RangeError(`an extended attribute has type ${type}, expected 0 (extended) or 1 (ADS)`);
}
