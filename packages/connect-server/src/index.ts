/**
 * Serves a plugin's services with Connect's handlers over `node:http2`. Loads
 * Connect and protobuf-es, which a plugin on the default server does without.
 *
 * @module
 */
export { serveWithConnect } from "./connect-server.js";
export { describedTable, servedBy, type DescribedTable } from "./described.js";
export { overDuplex } from "./over-duplex.js";
