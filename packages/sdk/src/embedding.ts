/**
 * Serves connectors in-process, over a connection that the caller provides: for
 * tools. Plugins use `run…` from `@kloset/sdk`.
 *
 * @module
 */
import type { Generation } from "@kloset/adapter";
import { loadKind, type Connectors } from "./connectors.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import { inventoryKind } from "./kinds/inventory.js";
import { secretProviderKind } from "./kinds/secret-provider.js";
import { storageKind } from "./kinds/storage.js";
import { pluginOf, type Plugin } from "./plugin.js";
import type { ServerName } from "./server.js";

export type { Connectors } from "./connectors.js";
export type { Plugin } from "./plugin.js";
export { chosenServer, loadServer, type LoadedServer, type ServerName } from "./server.js";

/**
 * Creates a plugin for one connection.
 *
 * @throws Error for an unknown generation.
 */
export type Embed = (connectors: Connectors, chosen?: Generation) => Plugin;

/** Loads all kinds of connectors for one server. The function it resolves to creates plugins synchronously. */
export async function loadEmbedding(server: ServerName): Promise<Embed> {
  const serveImporter = await loadKind(importerKind, server);
  const serveExporter = await loadKind(exporterKind, server);
  const serveStorage = await loadKind(storageKind, server);
  const serveSecretProvider = await loadKind(secretProviderKind, server);
  const serveInventory = await loadKind(inventoryKind, server);
  return ({ importer, exporter, storage, secretProvider, inventory }, chosen) =>
    pluginOf(
      [
        ...(importer === undefined ? [] : [serveImporter(importer)]),
        ...(exporter === undefined ? [] : [serveExporter(exporter)]),
        ...(storage === undefined ? [] : [serveStorage(storage)]),
        ...(secretProvider === undefined ? [] : [serveSecretProvider(secretProvider)]),
        ...(inventory === undefined ? [] : [serveInventory(inventory)]),
      ],
      chosen,
    );
}
