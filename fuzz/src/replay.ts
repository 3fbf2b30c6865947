import type { Servers } from "./differential/compare.js";
import { differencesOf } from "./differential/differential.js";
import { fuzz, type Finding } from "./fuzz.js";
import type { Options, Replay } from "./options.js";
import { runProcess } from "./processes.js";

/** How to replay. */
export interface ReplayOptions extends Pick<Options, "target" | "watchdogMs"> {
  /** What is compared. Default: the SDK's servers. */
  readonly servers?: Servers;
}

/**
 * Runs an input in every way in which it may have failed: over a connection in
 * memory, and if it is bytes, for a real process and for both servers.
 *
 * @returns What is wrong.
 */
export async function replay(
  { file, input }: Replay,
  { target, watchdogMs, servers }: ReplayOptions,
): Promise<readonly Finding[]> {
  const { findings } = await fuzz({ seed: 0, runs: 1, workers: 1, replay: file, target, watchdogMs });
  // Another target is tried by itself.
  if (input.kind !== "wire" || target !== undefined) return findings;
  const texts = [...(await runProcess(input, watchdogMs)), ...(await differencesOf(input, watchdogMs, servers))];
  return [...findings, ...texts.map((text): Finding => ({ text, inputs: [] }))];
}
