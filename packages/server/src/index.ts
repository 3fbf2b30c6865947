/**
 * gRPC over HTTP/2 for one host on one connection: what Plakar's plugins need,
 * framed by hand for speed.
 *
 * @module
 */
export type { Channel, ChannelEvents } from "./io/channel.js";
export { serveChannel, serveFramed, serveFramedDescriptors } from "./framed-server.js";
export { channelOf } from "./io/channel.js";
