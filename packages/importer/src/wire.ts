import type { EntryRef, ExtendedAttributeKind } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";

/**
 * Not the enumeration's own numbers: hosts cast between theirs, which begins with
 * "extended" at 0, and the wire's without shifting.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- on purpose not by the enumeration's names
export const XATTR_TYPE = { extended: 0, ads: 1 } as Readonly<
  Record<ExtendedAttributeKind, connectors.ExtendedAttributeType>
>;

/** Names what the host speaks of. */
export function refOfWire(record: connectors.Record): EntryRef {
  const { pathname, target, isXattr, xattrName, xattrType } = record;
  if (!isXattr) return { pathname, target };
  const kind = xattrType === XATTR_TYPE.ads ? "ads" : "extended";
  return { pathname, target, attribute: { name: xattrName, kind } };
}
