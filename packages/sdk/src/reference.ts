/**
 * The reference server and all that it needs: Connect's handlers, protobuf-es and
 * the descriptors of both generations. Loaded only where `KLOSET_SERVER=connect`
 * asks for it; bundlers may keep it in a file of its own.
 *
 * @module
 */
import { describedTable, overDuplex, serveWithConnect } from "@kloset/connect-server";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import { tablesOf, type KindName, type Tables } from "./kinds/kind.js";

/** Serves over any duplex. */
export const serveReference = serveWithConnect;

/** Serves over the host's descriptors. */
export const serveReferenceDescriptors = overDuplex(serveWithConnect);

const descriptors = {
  importer: [v1_0.importer.Importer, v1_1.importer.Importer],
  exporter: [v1_0.exporter.Exporter, v1_1.exporter.Exporter],
  storage: [v1_0.store.Store, v1_1.store.Store],
} as const;

/** The tables of a kind, made of descriptors. */
export function referenceTables(kind: KindName): Tables {
  const [old, current] = descriptors[kind];
  return tablesOf(describedTable(old), describedTable(current));
}
