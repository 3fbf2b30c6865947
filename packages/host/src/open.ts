import type { ConnectorOptions, InitOptions } from "./client/connector.js";
import type { ExporterClient } from "./client/exporter-client.js";
import { ExporterV1_0 } from "./client/exporter-v1_0.js";
import { ExporterV1_1 } from "./client/exporter-v1_1.js";
import type { ImporterClient } from "./client/importer-client.js";
import { ImporterClientV1_0 } from "./client/importer-v1_0.js";
import { ImporterClientV1_1 } from "./client/importer-v1_1.js";
import { openInventory, type InventoryClient } from "./client/inventory-client.js";
import { openSecretProvider, type SecretProviderClient } from "./client/secret-provider-client.js";
import type { StorageClient } from "./client/storage-client.js";
import { StorageClientV1_0 } from "./client/storage-v1_0.js";
import { StorageClientV1_1 } from "./client/storage-v1_1.js";
import { PluginConnection, type ConnectOptions } from "./grpc/connection.js";
import { hostOf } from "./hosts.js";
import type { PluginExit } from "./process/channel.js";
import { startPlugin, type PluginProcess, type StartPluginOptions } from "./process/start-plugin.js";

/** Sends Init in the generation of the connection. @throws PluginError if the plugin rejects it. */
export async function openImporter(connection: PluginConnection, options: ConnectorOptions): Promise<ImporterClient> {
  return connection.generation === "v1.0"
    ? await ImporterClientV1_0.init(connection, options)
    : await ImporterClientV1_1.init(connection, options);
}

/** Sends Init in the generation of the connection. @throws PluginError if the plugin rejects it. */
export async function openExporter(connection: PluginConnection, options: ConnectorOptions): Promise<ExporterClient> {
  return connection.generation === "v1.0"
    ? await ExporterV1_0.init(connection, options)
    : await ExporterV1_1.init(connection, options);
}

/** Sends Init in the generation of the connection. @throws PluginError if the plugin rejects it. */
export async function openStorage(connection: PluginConnection, options: ConnectorOptions): Promise<StorageClient> {
  return connection.generation === "v1.0"
    ? await StorageClientV1_0.init(connection, options)
    : await StorageClientV1_1.init(connection, options);
}

/**
 * Options of {@link startImporter}, {@link startExporter} and {@link startStorage}: for the process, the connection and
 * Init.
 */
export interface StartConnectorOptions extends StartPluginOptions, ConnectOptions, ConnectorOptions {}

/**
 * Options of {@link startSecretProvider} and {@link startInventory}: for the process, the connection and Init. The
 * generation decides the user agent only.
 */
export interface StartInitOptions extends StartPluginOptions, ConnectOptions, InitOptions {}

/** A connector and the process it runs in. */
export interface RunningConnector<Client> {
  readonly client: Client;
  readonly plugin: PluginProcess;
  /** Ends the process: see `PluginProcess.stop`. Close the connector first. */
  readonly stop: () => Promise<PluginExit>;
}

/**
 * Starts an importer plugin, connects to it and sends Init.
 *
 * @example
 * const { client, stop } = await startImporter({ executable, generation: "v1.1", location: "fs:///home" });
 * try {
 *   await backup(client, sink);
 * } finally {
 *   await stop();
 * }
 * @throws RangeError or TypeError if the generation or the host is unknown, or `executable` is missing.
 * @throws PluginConnectionError if the plugin does not start or answer, PluginError if it rejects Init. The process has
 * ended by then.
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

/** Starts a secret provider plugin. See {@link startImporter}. */
export async function startSecretProvider(options: StartInitOptions): Promise<RunningConnector<SecretProviderClient>> {
  return await startConnector(options, openSecretProvider);
}

/** Starts an inventory plugin. See {@link startImporter}. */
export async function startInventory(options: StartInitOptions): Promise<RunningConnector<InventoryClient>> {
  return await startConnector(options, openInventory);
}

async function startConnector<Client, Options extends StartPluginOptions & ConnectOptions>(
  options: Options,
  open: (connection: PluginConnection, options: Options) => Promise<Client>,
): Promise<RunningConnector<Client>> {
  hostOf(options);
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
