import type { Corpus } from "../corpus.js";
import type { Finding } from "../fuzz.js";
import { inputOf } from "../generate/generate.js";
import { inputToText, type WireInput } from "../input.js";
import { sdkTarget } from "../target.js";
import { compareServers, isComparable, type Servers } from "./compare.js";

/** Each server with its own codecs, as in plugins. */
const sdkServers: Servers = { connect: sdkTarget("connect"), framed: sdkTarget("framed") };

/** Options of {@link differential}. */
export interface DifferentialOptions {
  readonly corpus: Corpus;
  readonly seed: number;
  readonly runs: number;
  readonly watchdogMs: number;
  /** Default: the SDK's. */
  readonly servers?: Servers;
}

/** The result of {@link differential}. */
export interface Differential {
  readonly findings: readonly Finding[];
  /** The number of occurrences of each deliberate difference, by name. */
  readonly met: ReadonlyMap<string, number>;
}

/** Sends both servers the same inputs, one after another, and compares their answers. */
export async function differential({
  corpus,
  seed,
  runs,
  watchdogMs,
  servers = sdkServers,
}: DifferentialOptions): Promise<Differential> {
  const findings: Finding[] = [];
  const met = new Map<string, number>();
  for (let index = 0, left = runs; left > 0; index += 1) {
    const input = inputOf(corpus, seed, index);
    if (input.kind !== "wire" || !isComparable(input)) continue;
    left -= 1;
    const comparison = await compareServers(input, servers, watchdogMs);
    for (const name of comparison.met) met.set(name, (met.get(name) ?? 0) + 1);
    for (const difference of comparison.differences)
      findings.push({ text: textOf(difference), inputs: [{ index, text: inputToText(input) }] });
  }
  return { findings, met };
}

/** Compares the servers on one input. @returns The differences, in the same words as the original findings. */
export async function differencesOf(
  input: WireInput,
  watchdogMs: number,
  servers = sdkServers,
): Promise<readonly string[]> {
  return isComparable(input) ? (await compareServers(input, servers, watchdogMs)).differences.map(textOf) : [];
}

function textOf(difference: string): string {
  return `differs: ${difference}`;
}
