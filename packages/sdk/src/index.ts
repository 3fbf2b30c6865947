/**
 * The TypeScript SDK for Plakar plugins.
 *
 * @module
 */
export type * from "@kloset/model";
export {
  baseName,
  cleanPathname,
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
} from "@kloset/model";
export type { Acknowledgement, Importer, ImporterFactory } from "@kloset/importer";
export type { Exporter, ExporterFactory, LinkKind } from "@kloset/exporter";
export type { ResourceStore, Store, StoreBase, StoreFactory } from "@kloset/storage";
