import { join, posix } from "node:path";
import { restore, type RestoreEntry, type RestoreSummary } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { knownTree, type KnownEntry } from "../../tree/known-tree.js";
import { restoreEntryOf } from "../../tree/restore-entries.js";
import { Violation } from "../../violation.js";

/** A harness for exporters. */
export type ExporterHarness = Harness<"exporter">;

const SMALL_BYTES = 100_000;
/** The known tree without its large files, for rules that are not about content. */
export const smallTree: readonly KnownEntry[] = knownTree.filter(({ size }) => size < SMALL_BYTES);

/** The outcome of a restore. */
export interface Restored extends RestoreSummary {
  /** The entries that could not be restored, with the reason. */
  readonly failures: ReadonlyMap<string, Error>;
}

/** Restores entries in a process of its own, as hosts do. */
export async function restoreInto(harness: ExporterHarness, entries: Iterable<RestoreEntry>): Promise<Restored> {
  const { client } = await harness.start();
  const failures = new Map<string, Error>();
  const summary = await restore(client, entries, {
    onError: (pathname, error) => failures.set(pathname, error),
    signal: harness.signal,
  });
  return { ...summary, failures };
}

/**
 * Restores the known tree without its large files, or another tree.
 *
 * @param judged - The type of entries that the rule is about. @throws Violation when one of them fails.
 */
export async function restoreKnown(
  harness: ExporterHarness,
  judged: readonly KnownEntry["type"][],
  tree: readonly KnownEntry[] = smallTree,
): Promise<void> {
  const { failures } = await restoreInto(harness, tree.map(restoreEntryOf));
  for (const { pathname, type } of tree) {
    const failure = failures.get(pathname);
    // An exporter that cannot create links still has to restore files.
    if (!judged.includes(type) || failure === undefined) continue;
    throw new Violation(`${JSON.stringify(pathname)} could not be restored: ${failure.message}`);
  }
}

/** Returns a pathname as v1.0 hosts send it: below the root, which may be "/". */
export function below(root: string, pathname: string): string {
  return posix.join(root, pathname);
}

/** Returns the path of a restored entry. The rule does not apply if the kit has no access to the restored files. */
export function placeOf(harness: ExporterHarness, pathname: string): string {
  if (harness.seesDirectory) return join(harness.workspace.directory, pathname);
  const enable = "put {directory} into the location if the plugin writes to local files";
  if (harness.subject.readBack !== undefined)
    harness.notApplicable("the kit cannot look outside the root of the restore", enable);
  harness.notApplicable(
    "the kit has no access to the restored files",
    `${enable}, or pass the plugin's importer with --read-back`,
  );
}
