/**
 * The TypeScript SDK for Plakar plugins.
 *
 * Write a class that implements {@link Importer}, {@link Exporter}, {@link Store},
 * {@link SecretProvider} or {@link Inventory}, and pass a factory for it to
 * {@link runImporter} or the sibling of its kind. In the executable, import
 * `@kloset/sdk/guard` before any other module; importing this one has no side
 * effects.
 *
 * @module
 */
export {
  run,
  runExporter,
  runImporter,
  runInventory,
  runPlugin,
  runSecretProvider,
  runStorage,
  type RunOptions,
} from "./run.js";
export type { Connectors } from "./connectors.js";
export {
  defineExporter,
  defineImporter,
  defineInventory,
  defineSecretProvider,
  defineStorage,
  type ConnectContext,
  type ConnectorDefinition,
  type Defined,
  type InitConnectContext,
  type NoOptions,
} from "./define.js";
export { log, type Log, type LogFields } from "@kloset/log";

export { bytesOf, toReadable, toWeb, type BytesOfOptions } from "./helpers/byte-stream.js";
export { withIdleTimeout } from "./helpers/idle-timeout.js";
export { retrying, type RetryingOptions } from "./helpers/retrying.js";
export { saveTo, type SaveToOptions } from "./helpers/save-to.js";

export type { Acknowledgement, Importer, ImporterFactory } from "@kloset/importer";
export type { Exporter, ExporterFactory, LinkKind, StoreFileContext } from "@kloset/exporter";
export type {
  ResourceContext,
  ResourceGetContext,
  ResourceStore,
  Store,
  StoreBase,
  StoreFactory,
} from "@kloset/storage";
export type { SecretProvider, SecretProviderFactory } from "@kloset/secret-provider";
export type { HostEndpoint, Inventory, InventoryEntry, InventoryFactory } from "@kloset/inventory";
export type { Generation } from "@kloset/adapter";
export { spawnHelper, type HelperProcess, type SpawnHelperOptions } from "@kloset/process";

export type {
  Awaitable,
  ByteSource,
  ByteStream,
  CallContext,
  ConnectorContext,
  DirectoryInit,
  EndpointType,
  Entry,
  EntryRef,
  ErrorEntry,
  ExtendedAttributeEntry,
  ExtendedAttributeKind,
  ExtendedAttributeName,
  FileInfo,
  FileInfoExtras,
  FileInfoInit,
  FileInit,
  FileType,
  HostOptions,
  InitContext,
  Range,
  Read,
  RecordEntry,
  ResourceClass,
  ResourceKind,
  StatsLike,
  SymlinkInit,
} from "@kloset/model";
export {
  baseName,
  cleanPathname,
  directory,
  entry,
  file,
  fileInfoFromStats,
  fileInfoOf,
  FileMode,
  fileModeFromPosix,
  fileModeOf,
  fileModeToPosix,
  fileTypeOf,
  isDirectory,
  isRegularFile,
  isSymlink,
  LocationFlag,
  Mac,
  MAC_LENGTH,
  nanosecondsOf,
  parentsOf,
  pathOfLocation,
  resolveBelow,
  StoreMode,
  symlink,
} from "@kloset/model";
