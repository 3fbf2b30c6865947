import { readdir } from "node:fs/promises";
import type { Harness } from "../../harness.js";
import type { ConnectorKind } from "../../subject.js";
import { steadily } from "../../waiting.js";

/** Files moved before the first count: a plugin may keep what it opens for its first files, but nothing per file. */
const WARM_UP_FILES = 3;
/** Number of files or resources to move. */
export const FILES = 11;
/** A count is trusted only when this many readings in a row agree: descriptors are opened and closed after the answer, too. */
const READINGS = 15;

/** Returns the plugin's process id, or ends the check if its descriptors and children cannot be listed. */
export function requirePid(harness: Harness<ConnectorKind>, pid: number | undefined): number {
  if (process.platform !== "linux") harness.notApplicable("needs /proc, which only Linux has", "run the kit on Linux");
  return pid ?? harness.notApplicable("the plugin does not run in a process of its own");
}

/**
 * Moves {@link FILES} files, one after the other, and requires that the number of open descriptors falls back to the
 * number before within the grace period. Every descriptor kept counts, whenever it was opened.
 *
 * @param move - Moves the files, and calls its argument after each.
 * @param what - Describes the files in the message, as in "more files".
 * @throws Violation when descriptors stay open.
 */
export async function requireNoDescriptors(
  harness: Harness<ConnectorKind>,
  pid: number,
  what: string,
  move: (after: (files: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  let before: number | undefined;
  let moved = 0;
  await move(async (files) => {
    moved = files;
    if (files === WARM_UP_FILES) before = await steadyDescriptors(harness, pid);
    if (files !== FILES || before === undefined) return;
    await requireAtMost(harness, pid, before, `${FILES - WARM_UP_FILES} ${what}`);
  });
  if (moved < FILES) harness.notApplicable(`needs ${FILES} files to read`, `use a source with ${FILES} files`);
}

/** Returns the number of open descriptors once it no longer changes. */
async function steadyDescriptors(harness: Harness<ConnectorKind>, pid: number): Promise<number> {
  let count: number | undefined;
  await steadily(async () => count === (count = await descriptorsOf(pid)), {
    times: READINGS,
    within: harness.graceMs,
    otherwise: () => "the number of open descriptors never settles",
    signal: harness.signal,
  });
  return count ?? 0;
}

/** Waits until no more descriptors are open than before, and stay so: the last ones may be opened late. */
async function requireAtMost(
  harness: Harness<ConnectorKind>,
  pid: number,
  before: number,
  what: string,
): Promise<void> {
  let count = before;
  await steadily(async () => (count = await descriptorsOf(pid)) <= before, {
    times: READINGS,
    within: harness.graceMs,
    otherwise: () => `after ${what}, ${count} descriptors are open; before, ${before} were`,
    signal: harness.signal,
  });
}

async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
