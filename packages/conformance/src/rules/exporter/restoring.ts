import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { restore, type RestoreEntry, type RestoreSummary } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requires } from "../../violation.js";
import { knownContent, knownFileInfo, knownTree, type KnownEntry } from "../../tree/known-tree.js";

/** A harness for exporters. */
export type ExporterHarness = Harness<"exporter">;

const SMALL_BYTES = 100_000;
/** The known tree without its large files, for rules that are not about content. */
export const smallTree: readonly KnownEntry[] = knownTree.filter(({ size }) => size < SMALL_BYTES);

/** Returns an entry as hosts restore it. */
function entryOf(known: KnownEntry): RestoreEntry {
  const { pathname, target, size } = known;
  return { pathname, fileInfo: knownFileInfo(known), target, read: () => knownContent(pathname, size) };
}

/** Returns the entry of a file that is not in the known tree. */
export function fileEntry(pathname: string, size: number): RestoreEntry {
  return entryOf({ pathname, type: "file", permissions: 0o644, modTime: 1_582_979_696_000_000_000n, size, target: "" });
}

/** Returns the root and all folders above a file, the root first. */
export function parentEntries(pathname: string): RestoreEntry[] {
  const folders: RestoreEntry[] = [];
  for (let folder = dirname(pathname); ; folder = dirname(folder)) {
    folders.unshift(
      entryOf({
        pathname: folder,
        type: "directory",
        permissions: 0o755,
        modTime: 1_582_979_696_000_000_000n,
        size: 0,
        target: "",
      }),
    );
    if (folder === "/") return folders;
  }
}

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

/** Restores the known tree, or a part of it. @throws Violation when an entry fails. */
export async function restoreKnown(harness: ExporterHarness, tree: readonly KnownEntry[] = smallTree): Promise<void> {
  const { failures } = await restoreInto(harness, tree.map(entryOf));
  const [first] = failures;
  requires(
    first === undefined,
    () => `${JSON.stringify(first?.[0])} could not be restored: ${String(first?.[1].message)}`,
  );
}

/** Returns a pathname as v1.0 hosts send it: below the root, which may be "/". */
export function below(root: string, pathname: string): string {
  return posix.join(root, pathname);
}

/** Returns the path of a restored entry. The rule does not apply if the kit has no access to the restored files. */
export function placeOf(harness: ExporterHarness, pathname: string): string {
  if (!harness.seesDirectory)
    harness.notApplicable(
      "the kit has no access to the restored files",
      "put {directory} into the location if the plugin writes to local files",
    );
  return join(harness.workspace.directory, pathname);
}

/** Returns the content of a restored file, or undefined if it does not exist. */
export async function contentAt(harness: ExporterHarness, pathname: string): Promise<Uint8Array | undefined> {
  const place = placeOf(harness, pathname);
  try {
    return await readFile(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Returns the paths of all entries in the restored folder, at any depth. */
export async function namesIn(harness: ExporterHarness): Promise<string[]> {
  return await readdir(placeOf(harness, "/"), { recursive: true });
}
