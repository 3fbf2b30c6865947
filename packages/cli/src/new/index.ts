/**
 * `kloset new` for other programs: `npm create kloset` runs it.
 *
 * @module
 */
import { runCli } from "../program.js";
import { processTerminal } from "../terminal.js";

/**
 * Runs `kloset new` on the terminal of this process.
 *
 * @param args - Its command line, such as `["notes", "--importer"]`.
 * @returns The exit code: 0, 1 if the project could not be written, 2 after wrong usage, 130 after Ctrl-C.
 */
export async function runNew(args: readonly string[]): Promise<number> {
  return runCli(["new", ...args], { terminal: processTerminal(), signal: new AbortController().signal });
}
