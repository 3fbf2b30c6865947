import type { ConnectorOptions } from "./client/connector.js";
import type { ExporterClient } from "./client/exporter-client.js";
import { ExporterV10 } from "./client/exporter-v10.js";
import { ExporterV11 } from "./client/exporter-v11.js";
import type { ImporterClient } from "./client/importer-client.js";
import { ImporterClientV10 } from "./client/importer-v10.js";
import { ImporterClientV11 } from "./client/importer-v11.js";
import type { StorageClient } from "./client/storage-client.js";
import { StorageClientV10 } from "./client/storage-v10.js";
import { StorageClientV11 } from "./client/storage-v11.js";
import { PluginConnection, type ConnectOptions } from "./grpc/connection.js";
import type { PluginExit } from "./process/channel.js";
import { startPlugin, type PluginProcess, type StartPluginOptions } from "./process/start-plugin.js";

/** Sends Init, in the generation of the connection. @throws PluginError when the plugin refuses. */
export async function openImporter(connection: PluginConnection, options: ConnectorOptions): Promise<ImporterClient> {
  return connection.generation === "v1.0"
    ? await ImporterClientV10.init(connection, options)
    : await ImporterClientV11.init(connection, options);
}

/** Sends Init, in the generation of the connection. @throws PluginError when the plugin refuses. */
export async function openExporter(connection: PluginConnection, options: ConnectorOptions): Promise<ExporterClient> {
  return connection.generation === "v1.0"
    ? await ExporterV10.init(connection, options)
    : await ExporterV11.init(connection, options);
}

/** Sends Init, in the generation of the connection. @throws PluginError when the plugin refuses. */
export async function openStorage(connection: PluginConnection, options: ConnectorOptions): Promise<StorageClient> {
  return connection.generation === "v1.0"
    ? await StorageClientV10.init(connection, options)
    : await StorageClientV11.init(connection, options);
}

/** All that it takes to have a connector at hand: a process, a connection, Init. */
export interface StartConnectorOptions extends StartPluginOptions, ConnectOptions, ConnectorOptions {}

/** A connector in a process of its own. */
export interface RunningConnector<Client> {
  readonly client: Client;
  readonly plugin: PluginProcess;
  /** Ends the process: see `PluginProcess.stop`. The connector should be closed by then. */
  readonly stop: () => Promise<PluginExit>;
}

/**
 * Starts an importer plugin.
 *
 * @example
 * const { client, stop } = await startImporter({ executable, generation: "v1.1", location: "fs:///home" });
 * try {
 *   await backup(client, sink);
 * } finally {
 *   await stop();
 * }
 * @throws PluginConnectionError when it does not start or answer; PluginError when it refuses Init. The process is ended then.
 */
export async function startImporter(options: StartConnectorOptions): Promise<RunningConnector<ImporterClient>> {
  return await startConnector(options, openImporter);
}

/** Starts an exporter plugin. See {@link startImporter}. */
export async function startExporter(options: StartConnectorOptions): Promise<RunningConnector<ExporterClient>> {
  return await startConnector(options, openExporter);
}

/** Starts a storage plugin. See {@link startImporter}. */
export async function startStorage(options: StartConnectorOptions): Promise<RunningConnector<StorageClient>> {
  return await startConnector(options, openStorage);
}

async function startConnector<Client>(
  options: StartConnectorOptions,
  open: (connection: PluginConnection, options: ConnectorOptions) => Promise<Client>,
): Promise<RunningConnector<Client>> {
  const plugin = await startPlugin(options);
  try {
    const connection = await PluginConnection.open(plugin, options);
    const client = await open(connection, options);
    return { client, plugin, stop: () => plugin.stop() };
  } catch (error) {
    await plugin.stop();
    throw error;
  }
}
