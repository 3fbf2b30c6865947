/**
 * The reference server and everything it needs: Connect's handlers, protobuf-es
 * and the descriptors of both generations. Loaded only when
 * `KLOSET_SERVER=connect` is set; bundlers may keep it in a separate file.
 *
 * @module
 */
import { describedTable, overDuplex, serveWithConnect } from "@kloset/connect-server";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import { tablesOf, type KindName, type Tables } from "./kinds/kind.js";

/** Serves over any duplex stream. */
export const serveReference = serveWithConnect;

/** Serves over the file descriptors that the host passes to the process. */
export const serveReferenceDescriptors = overDuplex(serveWithConnect);

const descriptors = {
  importer: [v1_0.importer.Importer, v1_1.importer.Importer],
  exporter: [v1_0.exporter.Exporter, v1_1.exporter.Exporter],
  storage: [v1_0.store.Store, v1_1.store.Store],
  secret_provider: [v1_1.secretProvider.SecretProvider, v1_1.secretProvider.SecretProvider],
  inventory: [v1_1.inventory.Inventory, v1_1.inventory.Inventory],
} as const;

/** Builds the service tables of a kind from protobuf-es descriptors. */
export function referenceTables(kind: KindName): Tables {
  const [inV1_0, inV1_1] = descriptors[kind];
  return tablesOf(describedTable(inV1_0), describedTable(inV1_1));
}
