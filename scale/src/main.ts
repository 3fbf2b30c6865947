import { parseArgs } from "node:util";
import { scaleCases, type Amounts } from "./cases.js";
import { startAndEnd } from "./starts.js";

const usage = `Usage: npm run test:scale [-- options]

Moves much through a plugin in a process of its own, in both generations, and
holds its peak memory below a bound.

  --records N   records of one scan (default 1,000,000)
  --gib N       GiB of one stream (default 10)
  --starts N    importers started and ended (default 1,000)
  --only TEXT   only cases whose name has this in it, as "v1.1 put" or "starts"

Exit codes: 0 all held, 1 something was lost or too much memory was used, 2 wrong usage.
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
    throw new Error(`--${name} is no number above 0: ${JSON.stringify(text)}`);
  return value;
}

/** Runs one case and prints its line. @returns Whether it held. */
async function hold(name: string, what: string, run: () => Promise<string>): Promise<boolean> {
  const since = performance.now();
  let text: string;
  let held = true;
  try {
    text = await run();
  } catch (error) {
    held = false;
    text = error instanceof Error ? error.message : String(error);
  }
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  process.stdout.write(
    `${held ? "ok    " : "FAILED"}  ${name.padEnd(14)}  ${what.padEnd(18)}  ${seconds.padStart(4)} s  ${text}\n`,
  );
  return held;
}

async function main({ records, bytes, starts, only }: Wanted): Promise<boolean> {
  let asked = 0;
  let held = true;
  for (const { name, generation, bound, run } of scaleCases) {
    const full = `${generation} ${name}`;
    if (!full.includes(only)) continue;
    asked++;
    const what = name === "scan" ? `${records} records` : `${(bytes / GiB).toFixed(1)} GiB`;
    held =
      (await hold(full, what, async () => {
        const peak = await run({ records, bytes });
        const text = `peak ${(peak / MB).toFixed(0)} MB of ${bound / MB}`;
        if (peak > bound) throw new Error(text);
        return text;
      })) && held;
  }
  if ("starts".includes(only)) {
    asked++;
    const run = async (): Promise<string> => {
      await startAndEnd(starts);
      return "no descriptor and no process left";
    };
    held = (await hold("starts", `${starts} importers`, run)) && held;
  }
  // Nothing asked is nothing held.
  if (asked === 0) process.stderr.write(`no case has ${JSON.stringify(only)} in its name\n`);
  return held && asked > 0;
}

process.exitCode = (await main(wanted())) ? 0 : 1;
