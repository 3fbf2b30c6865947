/**
 * Helpers that the tests of several packages share.
 *
 * @module
 */
export { deferred, type Deferred } from "./deferred.js";
export { duplexPair } from "./duplex-pair.js";
export { frame, frameTypes, goaway, rstStream } from "./frames.js";
export { envelope, GrpcClient } from "./grpc-client.js";
