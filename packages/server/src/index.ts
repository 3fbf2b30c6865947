/**
 * gRPC over HTTP/2 for one host on one connection, as Plakar plugins need it, with a
 * framing of its own for speed.
 *
 * @module
 */
export type { Channel, ChannelEvents } from "./io/channel.js";
export { serveChannel, serveFramed, serveFramedDescriptors } from "./framed-server.js";
export { channelOf } from "./io/channel.js";
