import { parseArgs } from "node:util";
import { rows, rowsNamed, shortened, tiny, type Row } from "./rows.js";

/** What a run is asked for. */
export interface Options {
  readonly rows: readonly Row[];
  readonly rounds: number;
  /** For `KLOSET_SERVER`; undefined leaves the environment as it is. */
  readonly server?: string | undefined;
  /** The folder of the reports; undefined writes none. */
  readonly out?: string | undefined;
  /** Whether it is about every row; then start-up is measured, too. */
  readonly whole: boolean;
  /** Whether times say anything: not of tiny amounts. */
  readonly judged: boolean;
}

/** How the command is called. */
export const usage = `Usage: npm run bench [-- options]

Compares a plugin in TypeScript with the same in Go, in turn, in processes of
their own, through one host in Go. Larger is better: a ratio is the time of Go
divided by that of TypeScript, and what is shown is the median of the rounds'.

  --rows LIST     only rows that begin with one of these, as "import,put-10m@1"
  --rounds N      rounds (default 7; with --quick 3)
  --server NAME   "connect" or "framed": sets KLOSET_SERVER
  --quick         a quarter of the work, 3 rounds
  --out FOLDER    where benchmark.json, .md and .svg go (default: docs, for a whole
                  run that is not quick; otherwise they are not written)
  --smoke         proves that it works: tiny amounts, one round, nothing judged

Exit codes: 0 measured, 1 something failed or came wrong, 2 wrong usage.
`;

const ROUNDS = 7;
const QUICK_ROUNDS = 3;
const QUICK_SHARE = 1 / 4;
const servers = ["connect", "framed"];

/**
 * @param args - The command line's.
 * @param defaultOut - Where the reports of a whole run go.
 * @throws Error that names what is wrong.
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
    throw new Error(`--server is ${JSON.stringify(server)}: "connect" or "framed" is needed`);
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
    throw new Error(`--rounds is ${JSON.stringify(text)}: a whole number of 1 or more is needed`);
  }
  return rounds;
}
