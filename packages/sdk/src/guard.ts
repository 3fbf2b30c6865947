/**
 * Protects the file descriptors of the connection from everything that prints.
 * Import it before any other module, so that no module can print first:
 *
 * ```ts
 * import "@kloset/sdk/guard";
 * import { runImporter } from "@kloset/sdk";
 * ```
 *
 * Without this import, `run…` installs the guard, which is too late for anything
 * printed earlier. The plugin then logs an error and exits with code 2 if it can
 * detect the output; it cannot detect output of child processes or of
 * `fs.writeSync(1)`.
 *
 * Importing `@kloset/sdk` itself never installs the guard. It would take standard
 * output away from a test or a command that only uses the types and helpers:
 * between two pipes, such a process looks exactly like a plugin.
 *
 * @module
 */
import "@kloset/process/guard";
