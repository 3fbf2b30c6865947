import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { DEFAULT_WATCHDOG_MS } from "./execute.js";
import { inputFromText, type Input } from "./input.js";

/** The parsed command line. */
export interface Options {
  readonly runs: number;
  readonly processes: number;
  readonly differential: number;
  readonly seed: number;
  readonly seconds: number | undefined;
  readonly workers: number;
  readonly watchdogMs: number;
  readonly target: string | undefined;
  readonly replay: Replay | undefined;
}

/** An input to replay. */
export interface Replay {
  readonly file: string;
  readonly input: Input;
}

/** Reports an invalid command line in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Values {
  readonly runs: number;
  readonly processes: number;
  readonly differential: number;
  readonly seed: number;
  readonly seconds?: number;
  readonly workers: number;
  readonly watchdog: number;
  readonly target?: string;
  readonly replay?: string;
}

/** Creates the command line, which has no action: it is only parsed. */
function commandLine(): Command {
  const workers = Math.min(2, availableParallelism());
  return (
    new Command("npm run fuzz --")
      .description("Sends malformed input to plugins, and looks for hangs, leaks and wrong answers.")
      // server-option.ts applies it, before other modules load.
      .addOption(
        new Option("--server <name>", "the server under test (default: KLOSET_SERVER)").choices(["connect", "framed"]),
      )
      .option("--runs <n>", "inputs for a connection in memory", integer(0), 100_000)
      .option("--processes <n>", "inputs for real plugin processes", integer(0), 200)
      .option(
        "--differential <n>",
        "inputs for the comparison of both servers; src/differential/deliberate.ts lists the intended differences",
        integer(0),
        5000,
      )
      .option("--seed <n>", "seed of all inputs", integer(0), 20_260_401)
      .option("--seconds <n>", "start no more inputs after this time", integer(0))
      .option("--workers <n>", "worker processes", integer(1), workers)
      .option("--replay <file>", "run one input from the file that a finding names")
      .option("--target <module#export>", "test the export of the module instead of the SDK")
      .option("--watchdog <ms>", "time after which a missing event is a hang", integer(1), DEFAULT_WATCHDOG_MS)
      .allowExcessArguments(false)
      // The caller prints errors.
      .configureOutput({ outputError: () => undefined })
      .exitOverride()
  );
}

/**
 * Parses the arguments and reads the file of `--replay`.
 *
 * @throws UsageError; CommanderError with exit code 0 after `--help` has been printed.
 */
export function optionsOf(args: readonly string[]): Options {
  const { watchdog, replay, seconds, target, ...numbers } = valuesOf(args);
  return {
    ...numbers,
    seconds,
    target,
    watchdogMs: watchdog,
    replay: replay === undefined ? undefined : { file: replay, input: readInput(replay) },
  };
}

function valuesOf(args: readonly string[]): Values {
  try {
    return commandLine().parse(args, { from: "user" }).opts<Values>();
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    throw new UsageError(error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " "));
  }
}

/** Returns a parser of integers. */
function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected an integer of at least ${least}`);
    }
    return value;
  };
}

function readInput(file: string): Input {
  try {
    return inputFromText(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--replay ${file}: ${messageOf(error)}`);
  }
}

/** Returns the message of an error. Under Jest, Node's errors are not instances of the global Error. */
function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
