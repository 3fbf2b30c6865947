import { xattrKindFromWire } from "@kloset/adapter";
import type { EntryRef } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";

/** Names what the host speaks of. */
export function refOfWire(record: connectors.Record): EntryRef {
  const { pathname, target, isXattr, xattrName, xattrType } = record;
  if (!isXattr) return { pathname, target };
  return { pathname, target, attribute: { name: xattrName, kind: xattrKindFromWire(xattrType) ?? "extended" } };
}
