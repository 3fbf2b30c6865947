/**
 * Guards the connection's descriptors from everything that prints. Import it
 * before anything else, so that no module can print before:
 *
 * ```ts
 * import "@kloset/sdk/guard";
 * import { runImporter } from "@kloset/sdk";
 * ```
 *
 * Without it `run…` guards them, which is too late for what prints before: then
 * the plugin says so and exits 2, as far as it can tell (it does not see what a
 * child process or `fs.writeSync(1)` has printed).
 *
 * `@kloset/sdk` itself guards nothing when it is imported. A test, or a command
 * that only uses its types and helpers, would find its own standard output gone:
 * between two pipes nothing tells it from a plugin.
 *
 * @module
 */
import "@kloset/process/guard";
