import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPlugin, type PluginProcess } from "@kloset/host";
import type { Corpus } from "./corpus.js";
import type { Finding } from "./fuzz.js";
import { inputOf } from "./generate/generate.js";
import { inputToText, type WireInput } from "./input.js";
import { OutputCheck } from "./output-check.js";
import { settlesWithin } from "./watchdog.js";

/** The first index of inputs for processes, so that they differ from those in memory. */
const FIRST_INDEX = 1_000_000_000;
/** The pause between two calls in milliseconds: most answers take less. */
const PAUSE_MS = 3;

/** Options of {@link fuzzProcesses}. */
export interface ProcessOptions {
  readonly corpus: Corpus;
  readonly seed: number;
  readonly runs: number;
  readonly atOnce: number;
  readonly watchdogMs: number;
}

/** Runs inputs against real plugin processes, over pipes. */
export async function fuzzProcesses(options: ProcessOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  let index = FIRST_INDEX;
  let left = options.runs;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      let input = inputOf(options.corpus, options.seed, index++);
      while (input.kind !== "wire") input = inputOf(options.corpus, options.seed, index++);
      const at = index - 1;
      for (const text of await runProcess(input, options.watchdogMs))
        findings.push({ text, inputs: [{ index: at, text: inputToText(input) }] });
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return findings;
}

/**
 * Runs one input against a plugin process.
 *
 * @param program - The plugin's script and further arguments.
 * @returns The faults.
 */
export async function runProcess(
  input: WireInput,
  watchdogMs: number,
  program: readonly string[] = [defaultPlugin],
): Promise<string[]> {
  // No injected errors: a close() that throws rightly ends the process with code 1.
  const author = { ...input.author, failRate: 0 };
  const plugin = await startPlugin({
    executable: process.execPath,
    args: [program[0] ?? defaultPlugin, JSON.stringify(author), ...program.slice(1)],
    stderr: "collect",
    stopGraceMs: watchdogMs,
  });
  const output = new OutputCheck();
  const { transport } = plugin;
  if (input.reads !== "nothing")
    transport.on("data", (chunk: Buffer) => {
      output.push(chunk);
    });
  const faults: string[] = [];
  if (!(await settlesWithin(feed(input, plugin), watchdogMs))) faults.push("hang: the input is not read");
  const { code, signal } = await plugin.stop();
  const log = plugin.stderrText();
  // A plugin may report a broken connection and exit with code 1.
  const broken = code === 1 && /^.*: connection: /m.test(log);
  if (code !== 0 && !broken) faults.push(`exit: the process ended with ${signal ?? `code ${String(code)}`}`);
  return [...faults, ...output.faults(false), ...logFaults(log)];
}

const defaultPlugin = fileURLToPath(new URL("../dist/plugin.js", import.meta.url));

async function feed({ steps }: WireInput, { transport, exited }: PluginProcess): Promise<void> {
  const plugin = { gone: false };
  const end = exited.then(() => {
    plugin.gone = true;
  });
  for (const step of steps) {
    if (plugin.gone || transport.destroyed) return;
    if (step === "quiet") await wait(PAUSE_MS);
    else if (typeof step === "number") continue;
    else if (!transport.write(step)) await Promise.race([once(transport, "drain"), once(transport, "close"), end]);
  }
}

/** Returns the faults in a plugin's log. */
function logFaults(log: string): string[] {
  const faults: string[] = [];
  const crash = /^(?:uncaught exception|unhandled rejection|.*Warning): [^]*/m.exec(log)?.[0];
  if (crash !== undefined) faults.push(`crash: ${crash}`);
  const account = /^account: (.*)$/m.exec(log)?.[1];
  if (account === undefined) faults.push(`crash: the process ended without its account: ${log}`);
  else if (account !== "[]") faults.push(`connector: ${account}`);
  return faults;
}
