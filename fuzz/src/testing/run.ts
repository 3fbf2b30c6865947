import { fileURLToPath } from "node:url";
import { fuzz, type FuzzOptions, type Outcome } from "../fuzz.js";

/** The seed of the tests' inputs. */
export const SEED = 7;

const broken = fileURLToPath(new URL("../../dist/testing/broken.js", import.meta.url));

/** Names a target of `broken.ts` for a worker process. */
export function brokenTarget(name: string): string {
  return `${broken}#${name}`;
}

/** Runs 20 inputs in one worker, unless the options say otherwise. */
export function run(options: Partial<FuzzOptions>): Promise<Outcome> {
  return fuzz({ seed: SEED, runs: 20, workers: 1, watchdogMs: 120_000, ...options });
}
