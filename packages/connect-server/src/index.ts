/**
 * Serves a plugin with Connect's handlers over `node:http2`. Loads Connect and protobuf-es, which plugins on the
 * default server do not need.
 *
 * @module
 */
export { serveWithConnect } from "./connect-server.js";
export { describedTable, servedBy, type DescribedTable } from "./described.js";
export { overDuplex } from "./over-duplex.js";
