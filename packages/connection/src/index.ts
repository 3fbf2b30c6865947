/**
 * gRPC over the descriptors that Plakar hands to a plugin, and the life of the
 * plugin's process. Knows nothing of backups.
 *
 * @module
 */
export type { Awaitable } from "./lifetime.js";
export type {
  DescriptorServer,
  FirstRequest,
  Implementation,
  Serve,
  ServeDescriptors,
  ServedService,
  Server,
  ServerOptions,
  Services,
} from "./server.js";
export type { PluginProgram, PluginServer, ServePluginOptions } from "./plugin.js";
export type { Guard } from "./descriptors.js";
export type { Transport } from "./transport.js";
export { guardDescriptors } from "./descriptors.js";
export { servePlugin } from "./plugin.js";
export { statusText } from "./status.js";
