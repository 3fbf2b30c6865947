/**
 * The file descriptors that Plakar passes to a plugin, and the lifetime of the plugin's process. Knows nothing about
 * gRPC or backups.
 *
 * @module
 */
export { guardDescriptors, type Guard } from "./descriptors.js";
export { joinDuplex, openDuplex, type JoinOptions } from "./duplex.js";
export { takeEarlyInput } from "./early-input.js";
export type { Awaitable } from "./lifetime.js";
export { isPeerGone } from "./peer-gone.js";
export { enlargePipe } from "./pipe-capacity.js";
export { reopenedNeverBlocks } from "./platform.js";
export { servePlugin, type PluginProgram, type PluginServer, type ServePluginOptions } from "./serve-plugin.js";
export type { DescriptorServer, DescriptorServerOptions, ServeDescriptors } from "./descriptor-server.js";
export type { Transport } from "./transport.js";
export { writeLine } from "./standard-streams.js";
export { spawnHelper, type HelperProcess, type SpawnHelperOptions } from "./spawn-helper.js";
