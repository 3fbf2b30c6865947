/**
 * The exporter interface, and the adapters that serve an exporter to both
 * generations of hosts.
 *
 * @module
 */
export type { Exporter, ExporterFactory, LinkKind, StoreFileContext } from "./exporter.js";
export { newExporterSession, type ExporterSession } from "./session.js";
export { exporterV1_0 } from "./v1_0.js";
export { exporterV1_1 } from "./v1_1.js";
