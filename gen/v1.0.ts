/**
 * Stubs of generation v1.0 (Plakar 1.0.3 to 1.0.6), with one namespace for each upstream package, because some message
 * names (`InitRequest`, …) occur in several.
 *
 * @module
 */
import "./text-encoding.js";

export * as exporter from "./src/v1_0/exporter_pb.js";
export * as importer from "./src/v1_0/importer_pb.js";
export * as store from "./src/v1_0/store_pb.js";
