/**
 * Stubs of generation v1.1 (Plakar 1.1.0 to 1.1.4), with one namespace for each upstream package, because some message
 * names (`InitRequest`, …) occur in several. Secret providers and inventories have no other generation.
 *
 * @module
 */
import "./text-encoding.js";

export * as connectors from "./src/v1_1/connectors_pb.js";
export * as exporter from "./src/v1_1/exporter_pb.js";
export * as importer from "./src/v1_1/importer_pb.js";
export * as inventory from "./src/v1_1/inventory_pb.js";
export * as secretProvider from "./src/v1_1/secret_provider_pb.js";
export * as store from "./src/v1_1/store_pb.js";
