import { Command, CommanderError } from "commander";
import { inspectCommand } from "./commands/inspect.js";
import type { CommandContext, CommandFactory } from "./command.js";
import { checkCommand } from "./commands/check.js";
import { devCommand } from "./commands/dev.js";
import { doctorCommand } from "./commands/doctor.js";
import { newCommand } from "./commands/new.js";
import { packageCommand } from "./commands/package.js";
import { updateCommand } from "./commands/update.js";
import { CliError, ExitCode } from "./exit-code.js";
import { ownVersion } from "./version.js";

/** The subcommands, in the order of the help. */
const COMMANDS: readonly CommandFactory[] = [
  newCommand,
  inspectCommand,
  devCommand,
  checkCommand,
  packageCommand,
  doctorCommand,
  updateCommand,
];

/**
 * Runs `kloset`.
 *
 * @param args - Command line, without the names of Node and the script.
 * @returns One of {@link ExitCode}.
 */
export async function runCli(args: readonly string[], context: Omit<CommandContext, "exitWith">): Promise<number> {
  const { terminal, signal } = context;
  let code: number = ExitCode.OK;
  const exitWith: CommandContext["exitWith"] = (chosen) => {
    code = chosen;
  };
  try {
    await klosetCommand({ ...context, exitWith }).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    if (signal.aborted) {
      terminal.error("interrupted\n");
      return ExitCode.INTERRUPTED;
    }
    if (!(error instanceof CliError)) throw error;
    terminal.error(`error: ${error.message}\n`);
    return error.exitCode;
  }
}

/** Creates the command with its subcommands. Wrong usage is reported on the terminal and thrown as a CommanderError. */
export function klosetCommand(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command("kloset")
    .description("Creates, inspects, checks and packages Plakar plugins.")
    .version(ownVersion())
    .showHelpAfterError("(--help shows all options)");
  for (const create of COMMANDS) program.addCommand(create(context));
  for (const each of withSubcommands(program))
    each.configureOutput({ writeOut: terminal.out, writeErr: terminal.error }).exitOverride();
  return program;
}

/** Returns a command, its subcommands, and theirs. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
