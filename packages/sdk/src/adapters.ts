import type { Generation } from "@kloset/adapter";
import type { ServedService } from "@kloset/connection";
import type { ConnectorKind, Connectors } from "./connectors.js";
import type { LoadTables, Tables } from "./tables.js";

/** A connector of an author's, ready to be served. */
export interface ServedConnector {
  readonly services: Readonly<Record<Generation, ServedService>>;
  /** Its life: ends with the connection. */
  readonly session: { abort(): void; end(): Promise<void> };
}

/** Makes what an author has written ready to be served. */
type Adapt<Kind extends ConnectorKind> = (factory: NonNullable<Connectors[Kind]>) => ServedConnector;

/** What serves connectors, by kind. */
export type Adapters = { readonly [Kind in ConnectorKind]?: Adapt<Kind> };

/**
 * Loads what serves these kinds of connectors, and nothing else: until it is
 * there, a host waits for its first answer.
 */
export async function loadAdapters(kinds: readonly ConnectorKind[], tables: LoadTables): Promise<Adapters> {
  const loaded = await Promise.all(kinds.map(async (kind) => [kind, await loaders[kind](await tables(kind))] as const));
  return Object.fromEntries(loaded);
}

const loaders: { readonly [Kind in ConnectorKind]: (tables: Tables) => Promise<Adapt<Kind>> } = {
  async importer(tables) {
    const { importerV1_0, importerV1_1, newImporterSession } = await import("@kloset/importer");
    return (factory) => {
      const session = newImporterSession();
      return served(session, tables, importerV1_0(factory, session), importerV1_1(factory, session));
    };
  },
  async exporter(tables) {
    const { exporterV1_0, exporterV1_1, newExporterSession } = await import("@kloset/exporter");
    return (factory) => {
      const session = newExporterSession();
      return served(session, tables, exporterV1_0(factory, session), exporterV1_1(factory, session));
    };
  },
  async storage(tables) {
    const { storeV1_0, storeV1_1, StoreSession } = await import("@kloset/storage");
    return (factory) => {
      const session = new StoreSession();
      return served(session, tables, storeV1_0(factory, session), storeV1_1(factory, session));
    };
  },
};

/** What implements a service is typed where it is made; a server goes by its table. */
function served(session: ServedConnector["session"], tables: Tables, old: object, current: object): ServedConnector {
  return {
    session,
    services: {
      "v1.0": { service: tables["v1.0"], implementation: old as ServedService["implementation"] },
      "v1.1": { service: tables["v1.1"], implementation: current as ServedService["implementation"] },
    },
  };
}
