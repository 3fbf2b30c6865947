import { parseArgs } from "node:util";
import { scaleCases, type Amounts } from "./cases.js";
import { startAndEnd } from "./starts.js";

const usage = `Usage: npm run test:scale [-- options]

Moves large amounts of data through a plugin process, in both generations, and
checks that its peak memory stays below a limit.

  --records N   records of one scan; 1% as many entries, 0.2% as many secrets (default 1,000,000)
  --gib N       GiB of one stream (default 10)
  --starts N    importers started and ended (default 1,000)
  --only TEXT   only cases whose name contains TEXT, such as "v1.1 put" or "starts"

Exit codes: 0 success, 1 data was lost or the peak was above the limit, 2 wrong usage.
`;

const MB = 1e6;
const GiB = 1024 ** 3;

interface Wanted extends Amounts {
  readonly starts: number;
  readonly only: string;
}

function wanted(): Wanted {
  try {
    const { values } = parseArgs({
      options: {
        records: { type: "string", default: "1000000" },
        gib: { type: "string", default: "10" },
        starts: { type: "string", default: "1000" },
        only: { type: "string", default: "" },
      },
    });
    const bytes = Math.round(positive("gib", values.gib) * GiB);
    return {
      records: positive("records", values.records),
      bytes,
      starts: positive("starts", values.starts),
      only: values.only,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new Error(`--${name}: expected a number above 0, got ${JSON.stringify(text)}`);
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
