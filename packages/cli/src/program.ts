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

/** The line on standard error that ends a failed command with `--json`. */
interface JsonFailure {
  /** The message, without the word "error". */
  readonly error: string;
  /** The exit code of the command. */
  readonly exitCode: number;
}

/**
 * Runs `kloset`. With `--json`, a failure is one line of JSON on standard error, the last one.
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
  const isJson = asksForJson(args);
  const fail = (message: string, exitCode: number): number => {
    const failure: JsonFailure = { error: message.replace(/^error: /, ""), exitCode };
    terminal.error(isJson ? `${JSON.stringify(failure)}\n` : `${message}\n`);
    return exitCode;
  };
  try {
    const command = klosetCommand({ ...context, exitWith });
    // Commander prints its messages itself, in text.
    if (isJson) for (const each of withSubcommands(command)) each.configureOutput({ writeErr: () => undefined });
    await command.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.OK;
      return isJson ? fail(error.message, ExitCode.USAGE) : ExitCode.USAGE;
    }
    if (signal.aborted) return fail("interrupted", ExitCode.INTERRUPTED);
    if (!(error instanceof CliError)) throw error;
    return fail(`error: ${error.message}`, error.exitCode);
  }
}

/** Looks for `--json` in the command line itself: Commander parses no options after one that is wrong. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}

/** Creates the command with its subcommands. Wrong usage is reported on the terminal and thrown as a CommanderError. */
export function klosetCommand(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command("kloset")
    .description("Creates, inspects, checks and packages Plakar plugins.")
    .version(ownVersion());
  for (const create of COMMANDS) program.addCommand(create(context));
  for (const each of withSubcommands(program)) {
    each
      .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
      .exitOverride()
      .showHelpAfterError(`usage: ${each.createHelp().commandUsage(each)} (--help shows all options)`);
  }
  return program;
}

/** Returns a command, its subcommands, and theirs. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
