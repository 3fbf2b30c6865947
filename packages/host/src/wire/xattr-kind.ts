import { connectors } from "@kloset/protocol/v1.1";
import type { ExtendedAttributeKind } from "@kloset/model";

/**
 * The numbers that hosts really send. They cast their own enumeration (0
 * extended, 1 alternate data stream) without shifting, whatever the names on the
 * wire say.
 */
const EXTENDED = 0;
const ADS = 1;

/** @returns What v1.1 puts on the wire; v1.0 hosts send none. */
export function xattrKindToWire(kind: ExtendedAttributeKind): connectors.ExtendedAttributeType {
  // By number, not by name: see above.
  return kind === "ads" ? connectors.ExtendedAttributeType.EXTENDED : connectors.ExtendedAttributeType.UNSPECIFIED;
}

/** @throws RangeError for a number that is neither. */
export function xattrKindFromWire(type: number): ExtendedAttributeKind {
  if (type === EXTENDED) return "extended";
  if (type === ADS) return "ads";
  throw new RangeError(`an extended attribute has the type ${type}; hosts know 0 (extended) and 1 (ADS)`);
}
