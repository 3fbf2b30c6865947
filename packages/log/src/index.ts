/**
 * The log of a plugin, which goes to standard error, and the masking of secrets in every text that leaves the plugin.
 *
 * @module
 */
import { LineLog, type Log } from "./log.js";

export { logConsole } from "./console.js";
export { logSettings, type Level, type LogSettings } from "./level.js";
export type { Log, LogFields } from "./log.js";
export { addResolvedSecret, addSecrets, masked } from "./mask.js";
export { nodeErrorShortener } from "./node-error.js";

// Marked as pure, so that bundles of plugins without a log leave it out.
const lines = /* @__PURE__ */ new LineLog({
  settings: () => process.env["KLOSET_LOG"],
  write: (line) => process.stderr.write(line),
  now: () => Date.now(),
});

/** The log of this process. */
export const log: Log = lines;

/** Writes how often messages were repeated. Called before the process exits. */
export function flushLog(): void {
  lines.flush();
}
