/**
 * Tests connectors in memory: with the SDK's adapters and server, driven by `@kloset/host` as Plakar drives them.
 *
 * @module
 */
export { testImporter } from "./importer.js";
export type { BackupResult, BackupTestOptions, EntryError, ImporterTest, SentAcknowledgement } from "./importer.js";
export { testExporter } from "./exporter.js";
export type { ExporterTest, RestoreFaults, RestoreResult, RestoreTestOptions } from "./exporter.js";
export { macOf, testStorage } from "./storage.js";
export type { GetOptions, PutFaults, PutOptions, StorageTest, TransferFaults } from "./storage.js";
export { testSecretProvider, type SecretProviderTest } from "./secret-provider.js";
export { testInventory, type InventoryTest, type ListOptions, type ListResult } from "./inventory.js";
export type { ConnectorTest, TestOptions } from "./connector-runs.js";
export type { InitTest, InitTestOptions } from "./init-run.js";
export type { ConnectorModule } from "./module.js";
export type { After, ContentProgress, HostFaults, Interruption } from "./faults.js";
export { tree, Tree } from "./tree.js";
export type {
  AttributeName,
  AttributesInit,
  ExtendedAttribute,
  FifoNode,
  FileNode,
  HardLinkNode,
  SymlinkNode,
  TreeEntry,
  TreeInit,
  TreeNode,
} from "./tree.js";
export { compareTrees, type CompareOptions } from "./compare.js";
export { testContext, type LoggedMessage, type TestContext, type TestContextInit } from "./context.js";
export { ConformanceError, testConformance, type ConformanceOptions } from "./conformance.js";
