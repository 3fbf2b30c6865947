import { xattrKindFromWire, xattrTypeToWire } from "@kloset/adapter";
import type { EntryRef, ExtendedAttributeKind } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";

/** Identifies the content that a record from the host refers to. */
export function refOfWire(record: connectors.Record): EntryRef {
  const { pathname, target, isXattr, xattrName, xattrType } = record;
  if (!isXattr) return { pathname, target };
  return { pathname, target, attribute: { name: xattrName, kind: xattrKindFromWire(xattrType) ?? "extended" } };
}

/** Converts a kind to its number on the wire, typed as in the generated messages. */
export function xattrTypeOf(kind: ExtendedAttributeKind): connectors.ExtendedAttributeType {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- its names do not match the wire numbers
  return xattrTypeToWire(kind);
}
