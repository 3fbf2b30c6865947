import "./server-option.js"; // first: the server is chosen while others are loaded
import { mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { recordCorpus, type Corpus } from "./corpus.js";
import { differential } from "./differential/differential.js";
import { defaultWatchdogMs } from "./execute.js";
import { fuzz, type Finding } from "./fuzz.js";
import { inputOf } from "./generate/generate.js";
import { inputToText } from "./input.js";
import { inMiB, maxLiveGrowth, maxRssGrowth } from "./memory.js";
import { fuzzProcesses } from "./processes.js";

const usage = `npm run fuzz -- [options]

  --server NAME   the server that is tried: connect, or framed (what KLOSET_SERVER says)
  --runs N        inputs for a connection in memory (100000)
  --processes N   inputs for real plugin processes (200)
  --differential N  inputs by which both servers are compared (500); the differences that are meant
                  are in src/differential/deliberate.ts
  --seed N        names all inputs (20260401)
  --seconds N     begins no more inputs after so long
  --workers N     processes that share the inputs (2, or 1 on one core)
  --replay FILE   runs one input again, as it was written when it failed
  --target M#T    tries the target T of the module M instead of the SDK
  --watchdog MS   how long anything may take before it is a hang (30000)
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    processes: { type: "string", default: "200" },
    differential: { type: "string", default: "500" },
    seed: { type: "string", default: "20260401" },
    seconds: { type: "string" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
    replay: { type: "string" },
    server: { type: "string" },
    target: { type: "string" },
    watchdog: { type: "string", default: String(defaultWatchdogMs) },
    help: { type: "boolean", default: false },
  },
});

function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} is ${JSON.stringify(values[name])}: a number is needed\n\n${usage}`);
    process.exit(2);
  }
  return value;
}

if (values.help) console.log(usage);
else process.exitCode = await main();

/** @returns The exit code. */
async function main(): Promise<number> {
  const began = Date.now();
  const [seed, runs, processes, workers, watchdogMs] = [number("seed"), number("runs"), number("processes"), number("workers"), number("watchdog")];
  const deadline = values.seconds === undefined ? undefined : began + 1000 * number("seconds");
  const { replay, target } = values;
  const what = replay === undefined ? `${String(runs)} inputs of seed ${String(seed)}, ${String(workers)} workers` : replay;
  console.log(`fuzz: ${what}, server ${process.env["KLOSET_SERVER"] ?? "of the SDK's choice"}, Node ${process.version}`);
  const { findings: inMemory, done, digest, captures, peak } = await fuzz({
    seed,
    runs,
    workers,
    deadline,
    replay,
    target,
    watchdogMs,
    progress: ({ done, memory }) => {
      if (replay === undefined) console.log(`  ${String(done)} inputs, ${seconds(began)} s, live ${inMiB(memory.live)}, process ${inMiB(memory.rss)}`);
    },
  });
  const findings = [...inMemory];
  if (replay === undefined) {
    console.log(`fuzz: ${String(done)} inputs made of ${String(captures)} captures (${digest}), ${seconds(began)} s`);
    console.log(`fuzz: at most ${inMiB(peak.live)} live and ${inMiB(peak.rss)} in a worker; it may grow by ${inMiB(maxLiveGrowth)} and ${inMiB(maxRssGrowth)}`);
  }
  if (replay === undefined && target === undefined && processes > 0) {
    const corpus = await recordCorpus();
    findings.push(...(await fuzzProcesses({ corpus, seed, runs: processes, atOnce: workers, watchdogMs })));
    console.log(`fuzz: ${String(processes)} inputs for real processes, ${seconds(began)} s`);
  }
  const comparisons = number("differential");
  if (replay === undefined && target === undefined && comparisons > 0) {
    const { findings: differences, met } = await differential({ corpus: await recordCorpus(), seed, runs: comparisons, watchdogMs });
    findings.push(...differences);
    console.log(`fuzz: ${String(comparisons)} inputs for both servers, ${seconds(began)} s; deliberate differences:`);
    for (const [name, times] of met) console.log(`  ${String(times).padStart(5)} ${name}`);
  }
  await report(findings, seed, replay);
  console.log(findings.length === 0 ? "fuzz: passed" : `fuzz: ${String(findings.length)} findings`);
  return findings.length === 0 ? 0 : 1;
}

function seconds(began: number): string {
  return ((Date.now() - began) / 1000).toFixed(0);
}

/** Prints what was found, and writes the inputs that show it. */
async function report(findings: readonly Finding[], seed: number, replay: string | undefined): Promise<void> {
  if (findings.length === 0) return;
  const folder = replay === undefined ? mkdtempSync(join(tmpdir(), "kloset-fuzz-")) : undefined;
  let corpus: Corpus | undefined;
  for (const { text, inputs } of findings) {
    console.error(`\n${text}`);
    for (const { index, text: known } of inputs) {
      if (folder === undefined) continue;
      corpus = known === undefined ? (corpus ?? (await recordCorpus())) : corpus;
      const written = known ?? (corpus === undefined ? "" : inputToText(inputOf(corpus, seed, index)));
      const file = join(folder, `${String(seed)}-${String(index)}.json`);
      writeFileSync(file, written);
      console.error(`  seed ${String(seed)}, input ${String(index)}: npm run fuzz -- --replay ${file}`);
    }
  }
  console.error("");
}
