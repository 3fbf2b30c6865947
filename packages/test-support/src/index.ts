/**
 * Helpers that the tests of several packages share.
 *
 * @module
 */
export { aborted, deferred, never, settled, type Deferred } from "./deferred.js";
export { bundled } from "./bundled.js";
export { duplexPair } from "@kloset/wire/duplex";
export { frame, frameTypes, goaway, rstStream } from "./frames.js";
export { envelope, GrpcClient } from "./grpc-client.js";
export { noticesOfEach } from "./notices.js";
