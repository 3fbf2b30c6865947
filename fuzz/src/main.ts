import "./server-option.js"; // first: other modules choose the server while they load
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { recordCorpus, type Corpus } from "./corpus.js";
import { differential } from "./differential/differential.js";
import { fuzz, type Finding } from "./fuzz.js";
import { inputOf } from "./generate/generate.js";
import { inputToText } from "./input.js";
import { inMiB, MAX_LIVE_GROWTH, MAX_RSS_GROWTH } from "./memory.js";
import { optionsOf, UsageError, type Options } from "./options.js";
import { fuzzProcesses } from "./processes.js";
import { replay } from "./replay.js";

process.exitCode = await run();

/** @returns The exit code. */
async function run(): Promise<number> {
  let options;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    // The help has been printed.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (!(error instanceof UsageError)) throw error;
    console.error(`fuzz: ${error.message}`);
    return 2;
  }
  const what = options.replay?.file ?? `${options.runs} inputs of seed ${options.seed}, ${options.workers} workers`;
  console.log(`fuzz: ${what}, server ${process.env["KLOSET_SERVER"] ?? "default"}, Node ${process.version}`);
  const findings = options.replay === undefined ? await findingsOf(options) : await replay(options.replay, options);
  await report(findings, options);
  console.log(findings.length === 0 ? "fuzz: passed" : `fuzz: ${findings.length} findings`);
  return findings.length === 0 ? 0 : 1;
}

async function findingsOf(options: Options): Promise<Finding[]> {
  const began = Date.now();
  const { seed, runs, processes, workers, watchdogMs, target } = options;
  const {
    findings: inMemory,
    done,
    digest,
    captures,
    peak,
  } = await fuzz({
    seed,
    runs,
    workers,
    deadline: options.seconds === undefined ? undefined : began + 1000 * options.seconds,
    target,
    watchdogMs,
    progress: ({ done, memory }) => {
      console.log(`  ${done} inputs, ${seconds(began)} s, live ${inMiB(memory.live)}, process ${inMiB(memory.rss)}`);
    },
  });
  const findings = [...inMemory];
  console.log(`fuzz: ${done} inputs from ${captures} captures (${digest}), ${seconds(began)} s`);
  console.log(
    `fuzz: peak of a worker: ${inMiB(peak.live)} live, ${inMiB(peak.rss)} resident; allowed growth: ${inMiB(MAX_LIVE_GROWTH)} and ${inMiB(MAX_RSS_GROWTH)}`,
  );
  if (target !== undefined) return findings;
  if (processes > 0) {
    findings.push(
      ...(await fuzzProcesses({ corpus: await recordCorpus(), seed, runs: processes, atOnce: workers, watchdogMs })),
    );
    console.log(`fuzz: ${processes} inputs for real processes, ${seconds(began)} s`);
  }
  if (options.differential > 0) {
    const { findings: differences, met } = await differential({
      corpus: await recordCorpus(),
      seed,
      runs: options.differential,
      watchdogMs,
    });
    findings.push(...differences);
    console.log(`fuzz: ${options.differential} inputs for both servers, ${seconds(began)} s; deliberate differences:`);
    for (const [name, times] of met) console.log(`  ${String(times).padStart(5)} ${name}`);
  }
  return findings;
}

function seconds(began: number): string {
  return ((Date.now() - began) / 1000).toFixed(0);
}

/** Prints the findings and writes their inputs to files. */
async function report(findings: readonly Finding[], { seed, replay }: Options): Promise<void> {
  if (findings.length === 0) return;
  const folder = replay === undefined ? mkdtempSync(join(tmpdir(), "kloset-fuzz-")) : undefined;
  let corpus: Corpus | undefined;
  for (const { text, inputs } of findings) {
    console.error(`\n${text}`);
    for (const { index, text: known } of inputs) {
      if (folder === undefined) continue;
      corpus = known === undefined ? (corpus ?? (await recordCorpus())) : corpus;
      const written = known ?? (corpus === undefined ? "" : inputToText(inputOf(corpus, seed, index)));
      const file = join(folder, `${seed}-${index}.json`);
      writeFileSync(file, written);
      console.error(`  seed ${seed}, input ${index}: npm run fuzz -- --replay ${file}`);
    }
  }
  console.error("");
}
