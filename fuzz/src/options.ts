import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { DEFAULT_WATCHDOG_MS } from "./execute.js";
import { inputFromText, type Input } from "./input.js";

/** What can be asked for on the command line. */
export const usage = `npm run fuzz -- [options]

  --server NAME   the server that is tried: connect, or framed (what KLOSET_SERVER says)
  --runs N        inputs for a connection in memory (100000)
  --processes N   inputs for real plugin processes (200)
  --differential N  inputs by which both servers are compared (5000); the differences that are meant
                  are in src/differential/deliberate.ts
  --seed N        names all inputs (20260401)
  --seconds N     begins no more inputs after so long
  --workers N     processes that share the inputs (2, or 1 on one core)
  --replay FILE   runs one input again, as it was written when it failed
  --target M#T    tries the target T of the module M instead of the SDK
  --watchdog MS   how long anything may take before it is a hang (30000)
`;

/** The command line, read. */
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

/** An input to run again. */
export interface Replay {
  readonly file: string;
  readonly input: Input;
}

/** The command line is wrong; the message is one line that says in what. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const text = { type: "string" } as const;

/** Reads the arguments, and the file of `--replay`. @throws UsageError. */
export function optionsOf(args: readonly string[]): Options {
  const values = valuesOf(args);
  const { server, target, replay } = values;
  if (server !== undefined && server !== "connect" && server !== "framed")
    throw new UsageError(`--server is ${JSON.stringify(server)}: connect or framed`);
  const number = (
    name: "runs" | "processes" | "differential" | "seed" | "seconds" | "workers" | "watchdog",
    otherwise: number,
    least = 0,
  ): number => {
    const given = values[name];
    if (given === undefined) return otherwise;
    if (!/^\d+$/.test(given) || !Number.isSafeInteger(Number(given)) || Number(given) < least)
      throw new UsageError(`--${name} is ${JSON.stringify(given)}: a number from ${least} is needed`);
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
    // "Option '--runs' argument is ambiguous.", and on further lines what to write instead.
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

/** The message of Node's own errors, which are of no class of ours where tests run. */
function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
