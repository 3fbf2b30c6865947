/**
 * The log of a plugin, which goes to standard error, and the masking of secrets in every text that leaves the plugin.
 *
 * @module
 */
import { LineLog } from "./log.js";

export { logConsole } from "./console.js";
export { logSettings, type Level, type LogSettings } from "./level.js";
export type { Log, LogFields } from "./log.js";
export { addSecrets, masked } from "./mask.js";

/** The log of this process. */
export const log = new LineLog({
  settings: () => process.env["KLOSET_LOG"],
  write: (line) => process.stderr.write(line),
  now: () => Date.now(),
});
