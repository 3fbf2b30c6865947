/**
 * Acts as a Plakar host: starts plugin executables and calls them, in either generation of the protocol.
 *
 * @module
 */
export type { ConnectorIdentity, ConnectorOptions, InitOptions } from "./client/connector.js";
export type { ExportResult, ExportStream } from "./client/export-stream.js";
export type { ExporterClient, ExporterClientV1_0, ExporterClientV1_1 } from "./client/exporter-client.js";
export type { ImporterClient, RecordResult, Scan, ScannedRecord } from "./client/importer-client.js";
export {
  openInventory,
  type InventoryClient,
  type ListedEndpoint,
  type ListedEntry,
} from "./client/inventory-client.js";
export { openSecretProvider, type SecretProviderClient } from "./client/secret-provider-client.js";
export type { StorageClient } from "./client/storage-client.js";
export {
  JobError,
  PluginConnectionError,
  PluginContractError,
  PluginError,
  RestoreSourceError,
  StatusCode,
} from "./errors.js";
export { backup, type BackupOptions, type BackupSink, type BackupSummary } from "./flow/backup.js";
export { count, type SourceCount } from "./flow/count.js";
export {
  backupToRepository,
  checkRepository,
  createRepository,
  lockRepository,
  maintainRepository,
  openRepository,
  readBlobs,
  readFile,
  syncStates,
  writePackfiles,
  type LockOptions,
  type OpenRepositoryOptions,
  type RepositoryBackup,
  type Resource,
  type Take,
  type Wanted,
} from "./flow/repository.js";
export { restore } from "./flow/restore.js";
export type { RestoreEntry, RestoreOptions, RestoreSummary } from "./flow/restore-types.js";
export { PluginConnection, type ConnectOptions, type Endpoint } from "./grpc/connection.js";
export type { Trace, TraceEvent } from "./grpc/trace.js";
export { HOSTS, USER_AGENTS, type Generation, type HostChoice, type HostName, type HostProfile } from "./hosts.js";
export {
  openExporter,
  openImporter,
  openStorage,
  startExporter,
  startImporter,
  startInventory,
  startSecretProvider,
  startStorage,
  type RunningConnector,
  type StartConnectorOptions,
  type StartInitOptions,
} from "./open.js";
export type { ChannelKind, PluginExit } from "./process/channel.js";
export { MAX_MESSAGE_BYTES } from "@kloset/wire/grpc";
export {
  parseTranscript,
  replayTranscript,
  type ReplayOptions,
  type ReplaySummary,
} from "./replay/replay-transcript.js";
export { startPlugin, type PluginProcess, type StartPluginOptions } from "./process/start-plugin.js";
