/**
 * For tools that serve an author's connectors over a connection of their own, in
 * one process. Plugins use `run…`.
 *
 * @module
 */
import type { Generation } from "@kloset/adapter";
import type { Connectors } from "./connectors.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import type { Kind, ServedConnector } from "./kinds/kind.js";
import { storageKind } from "./kinds/storage.js";
import { pluginOf, type Plugin } from "./plugin.js";
import type { LoadedServer } from "./server.js";

export type { Connectors } from "./connectors.js";
export type { Plugin } from "./plugin.js";
export { chosenServer, loadServer, type LoadedServer, type ServerName } from "./server.js";

/** Makes a plugin of connectors, for one connection. */
export type Embed = (connectors: Connectors, chosen?: Generation) => Plugin;

/** Loads what serves connectors of every kind by a server's tables; plugins can be made at once then. */
export async function loadEmbedding({ tables }: Pick<LoadedServer, "tables">): Promise<Embed> {
  const importer = await loadKind(importerKind, tables);
  const exporter = await loadKind(exporterKind, tables);
  const storage = await loadKind(storageKind, tables);
  return (connectors, chosen) =>
    pluginOf(
      [...importer(connectors.importer), ...exporter(connectors.exporter), ...storage(connectors.storage)],
      chosen,
    );
}

async function loadKind<Factory>(
  kind: Kind<Factory>,
  tables: LoadedServer["tables"],
): Promise<(factory: Factory | undefined) => ServedConnector[]> {
  const { name, loadTables, loadAdapter } = kind;
  const adapt = await loadAdapter();
  const loaded = await tables({ kind: name, loadTables });
  return (factory) => (factory === undefined ? [] : [adapt(factory, loaded)]);
}
