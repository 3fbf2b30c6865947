import type { ExporterFactory } from "@kloset/exporter";
import type { ImporterFactory } from "@kloset/importer";
import type { StoreFactory } from "@kloset/storage";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import type { Kind, KindName, ServedConnector, Tables } from "./kinds/kind.js";
import { storageKind } from "./kinds/storage.js";

/** The connectors of one plugin executable. Plakar starts a process of its own for each that it uses. */
export interface Connectors {
  readonly importer?: ImporterFactory | undefined;
  readonly exporter?: ExporterFactory | undefined;
  readonly storage?: StoreFactory | undefined;
}

/** A connector whose tables and adapters can be loaded. */
export interface Connector {
  readonly kind: KindName;
  readonly loadTables: () => Promise<Tables>;
  /** Loads what serves it. @returns Makes a new one, for one connection. */
  readonly load: () => Promise<(tables: Tables) => ServedConnector>;
}

/** One kind, and an author's factory of it. */
export function connectorOf<Factory>({ name, loadTables, loadAdapter }: Kind<Factory>, factory: Factory): Connector {
  return {
    kind: name,
    loadTables,
    load: async () => {
      const adapt = await loadAdapter();
      return (tables) => adapt(factory, tables);
    },
  };
}

/** All that there are, in the order in which people name them. */
export function connectorsOf({ importer, exporter, storage }: Connectors): Connector[] {
  return [
    ...(importer === undefined ? [] : [connectorOf(importerKind, importer)]),
    ...(exporter === undefined ? [] : [connectorOf(exporterKind, exporter)]),
    ...(storage === undefined ? [] : [connectorOf(storageKind, storage)]),
  ];
}
