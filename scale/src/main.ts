import { Command, CommanderError, InvalidArgumentError } from "commander";
import { scaleCases, type Amounts } from "./cases.js";
import { startAndEnd } from "./starts.js";

const MB = 1e6;
const GiB = 1024 ** 3;
const USAGE_EXIT_CODE = 2;

interface Wanted extends Amounts {
  readonly starts: number;
  readonly only: string;
}

function wanted(): Wanted {
  const command = new Command("npm run test:scale --")
    .description(
      "Moves large amounts of data through a plugin process, in both generations, and checks that its peak memory stays " +
        "below a limit.",
    )
    .option("--records <n>", "records of one scan; 1% as many entries, 0.2% as many secrets", positive, 1_000_000)
    .option("--gib <n>", "GiB of one stream", positive, 10)
    .option("--starts <n>", "importers started and ended", positive, 1000)
    .option("--only <text>", 'only cases whose name contains the text, such as "v1.1 put" or "starts"', "")
    .addHelpText("after", "\nExit codes: 0 success, 1 data was lost or the peak was above the limit, 2 wrong usage.")
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride();
  try {
    const values = command.parse().opts<{ records: number; gib: number; starts: number; only: string }>();
    return { ...values, bytes: Math.round(values.gib * GiB) };
  } catch (error) {
    // Commander has printed the error, or the help.
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("expected a number above 0");
  return value;
}

/** Runs one case and prints its line. Returns true if it passed. */
async function check(name: string, what: string, run: () => Promise<string>): Promise<boolean> {
  const since = performance.now();
  let text: string;
  let passed = true;
  try {
    text = await run();
  } catch (error) {
    passed = false;
    text = error instanceof Error ? error.message : String(error);
  }
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  process.stdout.write(
    `${passed ? "ok    " : "FAILED"}  ${name.padEnd(14)}  ${what.padEnd(18)}  ${seconds.padStart(4)} s  ${text}\n`,
  );
  return passed;
}

async function main({ records, bytes, starts, only }: Wanted): Promise<boolean> {
  let selected = 0;
  let passed = true;
  for (const { name, generation, amount, bound, run } of scaleCases) {
    const full = `${generation} ${name}`;
    if (!full.includes(only)) continue;
    selected++;
    passed =
      (await check(full, amount({ records, bytes }), async () => {
        const peak = await run({ records, bytes });
        const text = `peak ${(peak / MB).toFixed(0)} MB of ${bound / MB}`;
        if (peak > bound) throw new Error(text);
        return text;
      })) && passed;
  }
  if ("starts".includes(only)) {
    selected++;
    const run = async (): Promise<string> => {
      await startAndEnd(starts);
      return "no descriptor and no process left";
    };
    passed = (await check("starts", `${starts} importers`, run)) && passed;
  }
  // A run without any case must not pass.
  if (selected === 0) process.stderr.write(`--only: no case name contains ${JSON.stringify(only)}\n`);
  return passed && selected > 0;
}

process.exitCode = (await main(wanted())) ? 0 : 1;
