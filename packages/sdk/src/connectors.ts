import type { ExporterFactory } from "@kloset/exporter";
import type { ImporterFactory } from "@kloset/importer";
import type { InventoryFactory } from "@kloset/inventory";
import type { SecretProviderFactory } from "@kloset/secret-provider";
import type { StoreFactory } from "@kloset/storage";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import { inventoryKind } from "./kinds/inventory.js";
import type { Kind, KindName, ServedConnector, Tables } from "./kinds/kind.js";
import { secretProviderKind } from "./kinds/secret-provider.js";
import { storageKind } from "./kinds/storage.js";
import type { ServerName } from "./server.js";

/** The connectors of one plugin executable. Plakar starts a separate process for each connector that it uses. */
export interface Connectors {
  readonly importer?: ImporterFactory | undefined;
  readonly exporter?: ExporterFactory | undefined;
  readonly storage?: StoreFactory | undefined;
  readonly secretProvider?: SecretProviderFactory | undefined;
  readonly inventory?: InventoryFactory | undefined;
}

/** An author's connector that is not loaded yet. */
export interface Connector {
  readonly kind: KindName;
  /** Loads the connector for one connection, with the service tables that the server needs. */
  readonly load: (server: ServerName) => Promise<ServedConnector>;
}

/** Combines a kind and an author's factory. */
export function connectorOf<Factory>(kind: Kind<Factory>, factory: Factory): Connector {
  return {
    kind: kind.name,
    load: async (server) => {
      const serve = await loadKind(kind, server);
      return serve(factory);
    },
  };
}

/** Returns the connectors that are defined, in the order of {@link Connectors}. */
export function connectorsOf({ importer, exporter, storage, secretProvider, inventory }: Connectors): Connector[] {
  return [
    ...(importer === undefined ? [] : [connectorOf(importerKind, importer)]),
    ...(exporter === undefined ? [] : [connectorOf(exporterKind, exporter)]),
    ...(storage === undefined ? [] : [connectorOf(storageKind, storage)]),
    ...(secretProvider === undefined ? [] : [connectorOf(secretProviderKind, secretProvider)]),
    ...(inventory === undefined ? [] : [connectorOf(inventoryKind, inventory)]),
  ];
}

/** Loads the adapters of a kind, and the service tables that the server needs. */
export async function loadKind<Factory>(
  kind: Kind<Factory>,
  server: ServerName,
): Promise<(factory: Factory) => ServedConnector> {
  const adapt = await kind.loadAdapter();
  const tables = await loadTables(kind, server);
  return (factory) => adapt(factory, tables);
}

/** The framed server uses generated codecs; Connect needs the descriptors of protobuf-es. */
async function loadTables(kind: Pick<Kind<never>, "name" | "loadTables">, server: ServerName): Promise<Tables> {
  if (server === "framed") return kind.loadTables();
  const { referenceTables } = await import("@kloset/sdk/reference");
  return referenceTables(kind.name);
}
