import { Command, InvalidArgumentError, Option } from "commander";
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

const ROUNDS = 7;
const QUICK_ROUNDS = 3;
const QUICK_SHARE = 1 / 4;

interface Values {
  readonly rows?: string;
  readonly rounds?: number;
  readonly server?: string;
  readonly quick?: true;
  readonly out?: string;
  readonly smoke?: true;
}

/** Creates the command line, which has no action: it is only parsed. */
function commandLine(): Command {
  return new Command("npm run bench --")
    .description(
      "Compares a plugin in TypeScript with its equivalent in Go. A host in Go drives both in turn, in separate processes. " +
        "A ratio is the time of Go divided by that of TypeScript (larger is better); the table shows the median of all rounds.",
    )
    .option("--rows <list>", 'only rows whose name begins with an item, such as "import,put-10m@1"')
    .option("--rounds <n>", `number of rounds (default: ${ROUNDS}; with --quick ${QUICK_ROUNDS})`, roundsOf)
    .addOption(new Option("--server <name>", "sets KLOSET_SERVER").choices(["connect", "framed"]))
    .option("--quick", `a quarter of the work, ${QUICK_ROUNDS} rounds`)
    .option(
      "--out <folder>",
      "folder for benchmark.json, .md and .svg (default: docs for a run of all rows without --quick; otherwise no files are written)",
    )
    .option("--smoke", "only check that the benchmark works: minimal work, one round")
    .addHelpText("after", "\nExit codes: 0 measured, 1 a failure or wrong data, 2 wrong usage.")
    .showHelpAfterError()
    .exitOverride();
}

/**
 * Parses the command line.
 *
 * @param defaultOut - The folder for the reports of a full run.
 * @throws CommanderError that names the wrong option, after it has been printed with the help; Error for unknown rows.
 */
export function optionsOf(args: readonly string[], defaultOut: string): Options {
  const values = commandLine().parse(args, { from: "user" }).opts<Values>();
  const { quick = false, smoke = false, server } = values;
  const whole = values.rows === undefined;
  const chosen = values.rows === undefined ? rows : rowsNamed(values.rows);
  return {
    rows: chosen.map((row) => (smoke ? tiny(row) : quick ? shortened(row, QUICK_SHARE) : row)),
    rounds: values.rounds ?? defaultRounds(quick, smoke),
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
    throw new InvalidArgumentError(`expected an integer of at least 1, got ${JSON.stringify(text)}.`);
  }
  return rounds;
}
