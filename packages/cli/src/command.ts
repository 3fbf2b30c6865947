import type { Command } from "commander";
import type { ExitCodeValue } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/** The surroundings of a command. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Sets the exit code of `kloset`, if the command does not throw. 0 by default. */
  readonly exitWith: (code: ExitCodeValue) => void;
}

/** Creates one subcommand of `kloset`. Each file in `commands/` exports one. */
export type CommandFactory = (context: CommandContext) => Command;
