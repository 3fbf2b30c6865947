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

/** Tables of generated codecs: those of one connector, and no descriptor. */
export const codecTables: LoadTables = async (kind) => {
  const [old, current] = await Promise.all(codecs[kind]());
  return { "v1.0": old, "v1.1": current };
};

const codecs: Readonly<Record<ConnectorKind, () => readonly [Promise<ServiceTable>, Promise<ServiceTable>]>> = {
  importer: () => [
    import("@kloset/protocol/codecs/v1.0/importer").then(({ importerTable }) => importerTable),
    import("@kloset/protocol/codecs/v1.1/importer").then(({ importerTable }) => importerTable),
  ],
  exporter: () => [
    import("@kloset/protocol/codecs/v1.0/exporter").then(({ exporterTable }) => exporterTable),
    import("@kloset/protocol/codecs/v1.1/exporter").then(({ exporterTable }) => exporterTable),
  ],
  storage: () => [
    import("@kloset/protocol/codecs/v1.0/store").then(({ storeTable }) => storeTable),
    import("@kloset/protocol/codecs/v1.1/store").then(({ storeTable }) => storeTable),
  ],
};
