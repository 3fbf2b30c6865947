/**
 * What goes by descriptors: the server on Connect's handlers, and service tables
 * made of descriptors. It loads Connect and protobuf-es, which a plugin on
 * another server does without.
 *
 * @module
 */
export { serveWithConnect } from "./connect-server.js";
export { describedTable, servedBy, type DescribedTable } from "./described.js";
export { overDuplex } from "./over-duplex.js";
