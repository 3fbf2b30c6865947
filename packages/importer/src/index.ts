/**
 * The importer interface, and the adapters that serve an importer to both
 * generations of hosts.
 *
 * @module
 */
export type { Acknowledgement, Importer, ImporterFactory } from "./importer.js";
export { newImporterSession, type ImporterSession } from "./session.js";
export { importerV1_0 } from "./v1_0.js";
export { importerV1_1 } from "./v1_1.js";
