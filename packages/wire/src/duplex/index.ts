/**
 * A connection in memory, for tests and for plugins that are served without a process.
 *
 * @module
 */
export { duplexPair } from "./duplex-pair.js";
