import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { restore, type RestoreEntry, type RestoreSummary } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requires } from "../../violation.js";
import { knownContent, knownFileInfo, knownTree, type KnownEntry } from "../../tree/known-tree.js";

/** A harness for exporters. */
export type ExporterHarness = Harness<"exporter">;

/** What of the known tree is small: enough for what is not about content. */
const SMALL_BYTES = 100_000;
export const smallTree: readonly KnownEntry[] = knownTree.filter(({ size }) => size < SMALL_BYTES);

/** @returns An entry as hosts restore it. */
function entryOf(known: KnownEntry): RestoreEntry {
  const { pathname, target, size } = known;
  return { pathname, fileInfo: knownFileInfo(known), target, read: () => knownContent(pathname, size) };
}

/** @returns A small file's entry that is not in the known tree. */
export function fileEntry(pathname: string, size: number): RestoreEntry {
  return entryOf({ pathname, type: "file", permissions: 0o644, modTime: 1_582_979_696_000_000_000n, size, target: "" });
}

/** The top, and the folders above a file. */
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

/** What a restore came to. */
export interface Restored extends RestoreSummary {
  /** What could not be restored, and why. */
  readonly failures: ReadonlyMap<string, Error>;
}

/** Restores in a process of its own, as hosts do, to the end. */
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

/** @returns Where an entry of the restore is, for the kit. Ends the check where the kit can not look. */
export function placeOf(harness: ExporterHarness, pathname: string): string {
  if (!harness.seesDirectory)
    harness.notApplicable("what was restored can not be read: the location has no {directory}");
  return join(harness.workspace.directory, pathname);
}

/** @returns The content that is there now, or undefined when nothing is. */
export async function contentAt(harness: ExporterHarness, pathname: string): Promise<Uint8Array | undefined> {
  const place = placeOf(harness, pathname);
  try {
    return await readFile(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns Every name in the folder of the restore, at any depth. */
export async function namesIn(harness: ExporterHarness): Promise<string[]> {
  return await readdir(placeOf(harness, "/"), { recursive: true });
}
