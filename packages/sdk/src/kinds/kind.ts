import type { Generation } from "@kloset/adapter";
import type { ServedService, ServiceTable } from "@kloset/wire/grpc";

/** The service of one connector, for both generations. */
export type Tables = Readonly<Record<Generation, ServiceTable>>;

/** A connector of an author's, ready to be served. */
export interface ServedConnector {
  readonly services: Readonly<Record<Generation, ServedService>>;
  /** Its life: ends with the connection. */
  readonly session: { abort(): void; end(): Promise<void> };
}

/**
 * One kind of connector. Each stands in a module of its own, and loads what serves
 * it when it is asked: until that is there a host waits for its first answer, and
 * what a plugin does not use its bundle leaves out.
 */
export interface Kind<Factory> {
  readonly name: KindName;
  /** Loads the tables of its services, with generated codecs. */
  readonly loadTables: () => Promise<Tables>;
  /** Loads its adapters: what makes an author's factory ready to be served. */
  readonly loadAdapter: () => Promise<Adapt<Factory>>;
}

/** What a connector can be, as people call it. */
export type KindName = "importer" | "exporter" | "storage";

/** Makes what an author has written ready to be served by these tables. */
export type Adapt<Factory> = (factory: Factory, tables: Tables) => ServedConnector;

/** Tables of both generations. */
export function tablesOf(old: ServiceTable, current: ServiceTable): Tables {
  return { "v1.0": old, "v1.1": current };
}

/** Services of both generations. What implements them is typed where it is made; a server goes by the table. */
export function servedWith(
  session: ServedConnector["session"],
  tables: Tables,
  old: object,
  current: object,
): ServedConnector {
  return {
    session,
    services: {
      "v1.0": { service: tables["v1.0"], implementation: old as ServedService["implementation"] },
      "v1.1": { service: tables["v1.1"], implementation: current as ServedService["implementation"] },
    },
  };
}
