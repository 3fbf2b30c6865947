import type { Generation } from "@kloset/adapter";
import type { ServiceTable } from "@kloset/grpc";
import type { ConnectorKind } from "./connectors.js";

/** The service of one connector, for both generations. */
export type Tables = Readonly<Record<Generation, ServiceTable>>;

/** Loads the tables of a connector. */
export type LoadTables = (kind: ConnectorKind) => Promise<Tables>;

/** Tables that are made of descriptors: for Connect's server, which goes by them. */
export const descriptorTables: LoadTables = async (kind) => {
  const [{ describedTable }, v1_0, v1_1] = await Promise.all([
    import("@kloset/connection/connect"),
    import("@kloset/protocol/v1.0"),
    import("@kloset/protocol/v1.1"),
  ]);
  const descriptors = {
    importer: [v1_0.importer.Importer, v1_1.importer.Importer],
    exporter: [v1_0.exporter.Exporter, v1_1.exporter.Exporter],
    storage: [v1_0.store.Store, v1_1.store.Store],
  } as const;
  const [old, current] = descriptors[kind];
  return { "v1.0": describedTable(old), "v1.1": describedTable(current) };
};
