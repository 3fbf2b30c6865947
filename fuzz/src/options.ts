import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { DEFAULT_WATCHDOG_MS } from "./execute.js";
import { inputFromText, type Input } from "./input.js";

/** The help text of the command line. */
export const usage = `npm run fuzz -- [options]

  --server NAME   the server under test: connect or framed (default: KLOSET_SERVER)
  --runs N        inputs for a connection in memory (default: 100000)
  --processes N   inputs for real plugin processes (default: 200)
  --differential N  inputs for the comparison of both servers (default: 5000);
                  src/differential/deliberate.ts lists the intended differences
  --seed N        seed of all inputs (default: 20260401)
  --seconds N     start no more inputs after this time
  --workers N     worker processes (default: 2, or 1 on one core)
  --replay FILE   run one input from the file that a finding names
  --target M#T    test the export T of the module M instead of the SDK
  --watchdog MS   time after which a missing event is a hang (default: 30000)
`;

/** The parsed command line. */
export interface Options {
  readonly help: boolean;
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

const text = { type: "string" } as const;

/** Parses the arguments and reads the file of `--replay`. @throws UsageError. */
export function optionsOf(args: readonly string[]): Options {
  const values = valuesOf(args);
  const { server, target, replay } = values;
  if (server !== undefined && server !== "connect" && server !== "framed")
    throw new UsageError(`--server: expected connect or framed, got ${JSON.stringify(server)}`);
  const number = (
    name: "runs" | "processes" | "differential" | "seed" | "seconds" | "workers" | "watchdog",
    otherwise: number,
    least = 0,
  ): number => {
    const given = values[name];
    if (given === undefined) return otherwise;
    if (!/^\d+$/.test(given) || !Number.isSafeInteger(Number(given)) || Number(given) < least)
      throw new UsageError(`--${name}: expected an integer of at least ${least}, got ${JSON.stringify(given)}`);
    return Number(given);
  };
  return {
    help: values.help,
    runs: number("runs", 100_000),
    processes: number("processes", 200),
    differential: number("differential", 5000),
    seed: number("seed", 20_260_401),
    seconds: values.seconds === undefined ? undefined : number("seconds", 0),
    workers: number("workers", Math.min(2, availableParallelism()), 1),
    watchdogMs: number("watchdog", DEFAULT_WATCHDOG_MS, 1),
    target,
    replay: replay === undefined ? undefined : { file: replay, input: readInput(replay) },
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        runs: text,
        processes: text,
        differential: text,
        seed: text,
        seconds: text,
        workers: text,
        watchdog: text,
        replay: text,
        server: text,
        target: text,
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // The first line of "Option '--runs' argument is ambiguous.\n…".
    throw new UsageError(messageOf(error).split("\n")[0] ?? "");
  }
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
