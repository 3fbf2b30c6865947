/**
 * Types shared by importers, exporters and storages. Independent of I/O and of the wire format.
 *
 * @module
 */
export type { Awaitable } from "./awaitable.js";
export { iterableSource, type ByteSource, type ByteStream, type IterableSource, type Read } from "./bytes.js";
export { directory, entry, file, symlink, type DirectoryInit, type FileInit, type SymlinkInit } from "./entries.js";
export type { CallContext, ConnectorContext, HostOptions, InitContext } from "./context.js";
export type {
  Entry,
  EntryRef,
  ErrorEntry,
  ExtendedAttributeEntry,
  ExtendedAttributeKind,
  ExtendedAttributeName,
  RecordEntry,
} from "./entry.js";
export {
  fileInfoFromStats,
  fileInfoOf,
  nanosecondsOf,
  type FileInfo,
  type FileInfoExtras,
  type FileInfoInit,
  type StatsLike,
} from "./file-info.js";
export {
  FileMode,
  fileModeFromPosix,
  fileModeOf,
  fileModeToPosix,
  fileTypeOf,
  isDirectory,
  isFileMode,
  isRegularFile,
  isSymlink,
  type FileType,
} from "./file-mode.js";
export { ENDPOINT_TYPES, isCountryCode, RESOURCE_CLASSES, type EndpointType, type ResourceClass } from "./inventory.js";
export { LocationFlag, pathOfLocation } from "./location.js";
export { MAC_LENGTH, Mac } from "./mac.js";
export { baseName, cleanPathname, parentsOf, resolveBelow } from "./paths.js";
export { StoreMode, type Range, type ResourceKind } from "./resource.js";
