import { readdir } from "node:fs/promises";
import type { Bench } from "../../bench.js";
import { requires } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { until } from "../../until.js";

/** A plugin may open something with its first files that it keeps; it may not open something with each. */
const WARM_UP_FILES = 3;
/** How many files or resources tell whether one descriptor stays for each. */
export const FILES = 11;
const SETTLE_MS = 5_000;

/** Ends the check where the system does not tell, or the plugin is no process. */
export function requirePid(bench: Bench<ConnectorKind>, pid: number | undefined): number {
  if (process.platform !== "linux") bench.notApplicable("only Linux tells, in /proc");
  return pid ?? bench.notApplicable("the plugin is no process of its own");
}

/**
 * Has {@link FILES} files moved, one after the other.
 *
 * @param move - Told what to call after each.
 * @param what - What becomes of the files, as "more files".
 * @throws Violation when a descriptor stays open for each.
 */
export async function requireNoDescriptors(
  bench: Bench<ConnectorKind>,
  pid: number,
  what: string,
  move: (after: (files: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  let before = Infinity;
  let after = 0;
  await move(async (files) => {
    if (files === WARM_UP_FILES) before = await settledDescriptors(bench, pid);
    if (files === FILES) after = await settledDescriptors(bench, pid);
  });
  if (after === 0) bench.notApplicable(`there are not ${FILES} files to read`);
  const more = FILES - WARM_UP_FILES;
  requires(
    after - before < more,
    () => `after ${more} ${what} there are ${after} open descriptors, before there were ${before}`,
  );
}

/** What is closed a moment after the answer must not count as left open. */
async function settledDescriptors(bench: Bench<ConnectorKind>, pid: number): Promise<number> {
  let count = await descriptorsOf(pid);
  await until(async () => count === (count = await descriptorsOf(pid)), {
    within: SETTLE_MS,
    otherwise: () => "the number of open descriptors never settles",
    signal: bench.signal,
  });
  return count;
}

async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
