import type { Generation } from "@kloset/adapter";
import type { ServedService, ServiceTable } from "@kloset/wire/grpc";

/** The service tables of one kind of connector, by generation. A kind with one generation has the same table twice. */
export type Tables = Readonly<Record<Generation, ServiceTable>>;

/** An author's connector, ready to be served on one connection. */
export interface ServedConnector {
  readonly services: Readonly<Record<Generation, ServedService>>;
  /** The connector's lifecycle, which ends with the connection. */
  readonly session: { abort(): void; end(): Promise<void> };
}

/**
 * One kind of connector. Each kind has a module of its own and loads its tables
 * and adapters on demand: the host waits for its first answer until they are
 * loaded, and bundles leave out the kinds that a plugin does not use.
 */
export interface Kind<Factory> {
  readonly name: KindName;
  /** Loads the service tables with generated codecs. */
  readonly loadTables: () => Promise<Tables>;
  /** Loads the adapters, which make an author's factory ready to be served. */
  readonly loadAdapter: () => Promise<Adapt<Factory>>;
}

/** The name of a kind, as in a manifest. */
export type KindName = "importer" | "exporter" | "storage" | "secret_provider" | "inventory";

/** Makes an author's factory ready to be served with the given tables. */
type Adapt<Factory> = (factory: Factory, tables: Tables) => ServedConnector;

/** Combines the tables of both generations. */
export function tablesOf(inV1_0: ServiceTable, inV1_1: ServiceTable): Tables {
  return { "v1.0": inV1_0, "v1.1": inV1_1 };
}

/** Combines the services of both generations. The adapters check their types; servers rely on the tables alone. */
export function servedWith(
  session: ServedConnector["session"],
  tables: Tables,
  inV1_0: object,
  inV1_1: object,
): ServedConnector {
  return {
    session,
    services: {
      "v1.0": { service: tables["v1.0"], implementation: inV1_0 as ServedService["implementation"] },
      "v1.1": { service: tables["v1.1"], implementation: inV1_1 as ServedService["implementation"] },
    },
  };
}
