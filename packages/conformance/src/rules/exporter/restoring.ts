import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { restore, type RestoreEntry, type RestoreSummary } from "@kloset/host";
import type { Bench, Running } from "../../bench.js";
import { requires, type Clients } from "../../rule.js";
import { knownContent, knownFileInfo, knownTree, type KnownEntry } from "../../tree/known-tree.js";

/** A bench for exporters. */
export type ExporterBench = Bench<"exporter">;
/** An exporter that runs. */
export type RunningExporter = Running<Clients["exporter"]>;

/** What of the known tree is small: enough for what is not about content. */
const SMALL_BYTES = 100_000;
export const smallTree: readonly KnownEntry[] = knownTree.filter(({ size }) => size < SMALL_BYTES);

/** @returns An entry as hosts restore it. */
export function entryOf(known: KnownEntry): RestoreEntry {
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
export async function restoreInto(bench: ExporterBench, entries: Iterable<RestoreEntry>): Promise<Restored> {
  const { client } = await bench.start();
  const failures = new Map<string, Error>();
  const summary = await restore(client, entries, {
    onError: (pathname, error) => failures.set(pathname, error),
    signal: bench.signal,
  });
  return { ...summary, failures };
}

/** Restores the known tree, or a part of it. @throws Violation when an entry fails. */
export async function restoreKnown(bench: ExporterBench, tree: readonly KnownEntry[] = smallTree): Promise<void> {
  const { failures } = await restoreInto(bench, tree.map(entryOf));
  const [first] = failures;
  requires(
    first === undefined,
    () => `${JSON.stringify(first?.[0])} could not be restored: ${String(first?.[1].message)}`,
  );
}

/** @returns Where an entry of the restore is, for the kit. Ends the check where the kit can not look. */
export function placeOf(bench: ExporterBench, pathname: string): string {
  if (!bench.seesDirectory) bench.notApplicable("what was restored can not be read: the location has no {directory}");
  return join(bench.ground.directory, pathname);
}

/** @returns The content that is there now, or undefined when nothing is. */
export async function contentAt(bench: ExporterBench, pathname: string): Promise<Uint8Array | undefined> {
  const place = placeOf(bench, pathname);
  try {
    return await readFile(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns Every name in the folder of the restore, at any depth. */
export async function namesIn(bench: ExporterBench): Promise<string[]> {
  return await readdir(placeOf(bench, "/"), { recursive: true });
}
