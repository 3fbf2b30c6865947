import type { Servers } from "./differential/compare.js";
import { differencesOf } from "./differential/differential.js";
import { fuzz, type Finding } from "./fuzz.js";
import type { Options, Replay } from "./options.js";
import { runProcess } from "./processes.js";

/** Options of {@link replay}. */
export interface ReplayOptions extends Pick<Options, "target" | "watchdogMs"> {
  /** The servers to compare. Default: the SDK's. */
  readonly servers?: Servers;
}

/**
 * Repeats every check that may have failed on an input: over a connection in memory and, for
 * wire inputs, in a real process and in a comparison of both servers.
 *
 * @returns The findings.
 */
export async function replay(
  { file, input }: Replay,
  { target, watchdogMs, servers }: ReplayOptions,
): Promise<readonly Finding[]> {
  const { findings } = await fuzz({ seed: 0, runs: 1, workers: 1, replay: file, target, watchdogMs });
  // Other targets run only in memory.
  if (input.kind !== "wire" || target !== undefined) return findings;
  const texts = [...(await runProcess(input, watchdogMs)), ...(await differencesOf(input, watchdogMs, servers))];
  return [...findings, ...texts.map((text): Finding => ({ text, inputs: [] }))];
}
