import { xattrKindFromWire, xattrTypeToWire } from "@kloset/adapter";
import type { EntryRef, ExtendedAttributeKind } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";

/** Names what the host speaks of. */
export function refOfWire(record: connectors.Record): EntryRef {
  const { pathname, target, isXattr, xattrName, xattrType } = record;
  if (!isXattr) return { pathname, target };
  return { pathname, target, attribute: { name: xattrName, kind: xattrKindFromWire(xattrType) ?? "extended" } };
}

/** @returns The number of a kind, as the type that messages want. */
export function xattrTypeOf(kind: ExtendedAttributeKind): connectors.ExtendedAttributeType {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- on purpose not by the enumeration's names
  return xattrTypeToWire(kind);
}
