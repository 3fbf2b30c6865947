/**
 * Tests that every plugin server must pass, whatever it is built on.
 *
 * @module
 */
export { connected, type Connected } from "./connected.js";
export { describeServe } from "./serve-contract.js";
export { importMethod, servedImporter, servedStore, storeMethods } from "./store-service.js";
