import { parseArgs } from "node:util";
import { rows, rowsNamed, shortened, tiny, type Row } from "./rows.js";

/** The options of a run. */
export interface Options {
  readonly rows: readonly Row[];
  readonly rounds: number;
  /** The value of `KLOSET_SERVER`; undefined keeps the environment. */
  readonly server?: string | undefined;
  /** The folder of the reports; undefined writes none. */
  readonly out?: string | undefined;
  /** True if all rows are measured; then start-up is measured as well. */
  readonly whole: boolean;
  /** False if the amount of work is too small to judge times. */
  readonly judged: boolean;
}

/** The help text of the command line. */
export const usage = `Usage: npm run bench [-- options]

Compares a plugin in TypeScript with its equivalent in Go. A host in Go drives
both in turn, in separate processes. A ratio is the time of Go divided by that of
TypeScript (larger is better); the table shows the median of all rounds.

  --rows LIST     only rows whose name begins with an item, e.g. "import,put-10m@1"
  --rounds N      number of rounds (default: 7; with --quick 3)
  --server NAME   "connect" or "framed": sets KLOSET_SERVER
  --quick         a quarter of the work, 3 rounds
  --out FOLDER    folder for benchmark.json, .md and .svg (default: docs for a run
                  of all rows without --quick; otherwise no files are written)
  --smoke         only check that the benchmark works: minimal work, one round

Exit codes: 0 measured, 1 a failure or wrong data, 2 wrong usage.
`;

const ROUNDS = 7;
const QUICK_ROUNDS = 3;
const QUICK_SHARE = 1 / 4;
const servers = ["connect", "framed"];

/**
 * Parses the command line.
 *
 * @param defaultOut - The folder for the reports of a full run.
 * @throws Error that names the wrong option.
 */
export function optionsOf(args: readonly string[], defaultOut: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string" },
      rounds: { type: "string" },
      server: { type: "string" },
      quick: { type: "boolean", default: false },
      out: { type: "string" },
      smoke: { type: "boolean", default: false },
    },
  });
  const { quick, smoke, server } = values;
  if (server !== undefined && !servers.includes(server)) {
    throw new Error(`--server: expected "connect" or "framed", got ${JSON.stringify(server)}`);
  }
  const whole = values.rows === undefined;
  const chosen = values.rows === undefined ? rows : rowsNamed(values.rows);
  return {
    rows: chosen.map((row) => (smoke ? tiny(row) : quick ? shortened(row, QUICK_SHARE) : row)),
    rounds: values.rounds === undefined ? defaultRounds(quick, smoke) : roundsOf(values.rounds),
    server,
    out: values.out ?? (whole && !quick && !smoke ? defaultOut : undefined),
    whole,
    judged: !smoke,
  };
}

function defaultRounds(quick: boolean, smoke: boolean): number {
  if (smoke) return 1;
  return quick ? QUICK_ROUNDS : ROUNDS;
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (!/^\d+$/.test(text) || rounds < 1 || !Number.isSafeInteger(rounds)) {
    throw new Error(`--rounds: expected an integer of at least 1, got ${JSON.stringify(text)}`);
  }
  return rounds;
}
