import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, PluginContractError, PluginError, type BackupSink } from "@kloset/host";
import { fileInfoFromStats, fileTypeOf, type FileInfo, type FileType } from "@kloset/model";
import { readAll } from "../../bytes.js";
import { withCompanion } from "../../companion.js";
import type { Companion } from "../../subject.js";
import { permissionsOf } from "../../tree/known-tree.js";
import { Violation } from "../../violation.js";
import { placeOf, type ExporterHarness } from "./restoring.js";

/** A restored entry. */
export interface RestoredEntry {
  readonly type: FileType;
  /** The twelve bits of `chmod`. */
  readonly permissions: number;
  /** Nanoseconds since 1970. */
  readonly modTime: bigint;
  /** The target of a symbolic link; otherwise empty. */
  readonly target: string;
}

interface ReadEntry extends RestoredEntry {
  /** Empty except for files; an error if the importer could not read the file. */
  readonly content: Uint8Array | Error;
}

/** A restored tree, as an importer has read it back. */
interface ReadTree {
  /** By pathname; the top of the restored tree is "/". */
  readonly entries: ReadonlyMap<string, ReadEntry>;
  /** The errors that the importer reported in place of entries, by pathname. */
  readonly errors: ReadonlyMap<string, string>;
}

/** More than any rule restores. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 10_000;

/** Rules look at the tree when the exporter has ended: it is read back once per check. */
const readTrees = new WeakMap<ExporterHarness, Promise<ReadTree>>();

/** The rule does not apply if the kit can neither look at the restored files nor have them read back. */
export function requireRestored(harness: ExporterHarness): void {
  if (harness.subject.readBack === undefined) placeOf(harness, "/");
}

/** Returns a restored entry, or undefined if it does not exist. */
export async function entryAt(harness: ExporterHarness, pathname: string): Promise<RestoredEntry | undefined> {
  const { readBack } = harness.subject;
  if (readBack !== undefined) return await readEntry(harness, readBack, pathname);
  const place = placeOf(harness, pathname);
  const stats = await lstat(place, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return undefined;
  return describe(fileInfoFromStats(stats), stats.isSymbolicLink() ? await readlink(place) : "");
}

/** Returns the content of a restored file, or undefined if there is no such file. */
export async function contentAt(harness: ExporterHarness, pathname: string): Promise<Uint8Array | undefined> {
  const { readBack } = harness.subject;
  if (readBack === undefined) {
    try {
      return await readFile(placeOf(harness, pathname));
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes(code)) return undefined;
      throw error;
    }
  }
  const entry = await readEntry(harness, readBack, pathname);
  if (entry?.type !== "file") return undefined;
  if (entry.content instanceof Error) throw unreadable(pathname, entry.content.message);
  return entry.content;
}

/** Returns the paths of all restored entries, without a "/" at their start. */
export async function namesIn(harness: ExporterHarness): Promise<string[]> {
  const { readBack } = harness.subject;
  if (readBack === undefined) return await readdir(placeOf(harness, "/"), { recursive: true });
  const { entries } = await readTree(harness, readBack);
  return [...entries.keys()].filter((pathname) => pathname !== "/").map((pathname) => pathname.slice(1));
}

/** @throws Violation when the importer reports an error for the entry, or for a folder above a missing entry. */
async function readEntry(
  harness: ExporterHarness,
  readBack: Companion,
  pathname: string,
): Promise<ReadEntry | undefined> {
  const { entries, errors } = await readTree(harness, readBack);
  const entry = entries.get(pathname);
  if (entry !== undefined) return entry;
  for (let place = pathname; ; place = dirname(place)) {
    const error = errors.get(place);
    if (error !== undefined) throw unreadable(place, error);
    if (place === "/") return undefined;
  }
}

function unreadable(pathname: string, reason: string): Violation {
  return new Violation(`the importer that reads back reports an error for ${JSON.stringify(pathname)}: ${reason}`);
}

async function readTree(harness: ExporterHarness, readBack: Companion): Promise<ReadTree> {
  const tree = readTrees.get(harness) ?? readAllBack(harness, readBack);
  readTrees.set(harness, tree);
  return await tree;
}

/** Ends the exporter, and imports everything below the root, as hosts do. */
async function readAllBack(harness: ExporterHarness, readBack: Companion): Promise<ReadTree> {
  await harness.stop();
  return await withCompanion(harness, "importer", readBack, async (client) => {
    const { root } = await client.identity(harness.signal);
    const tree = new ReadTreeSink(root);
    await backup(client, tree, { signal: harness.signal });
    return tree;
  });
}

/** Collects the entries of a backup in memory. */
class ReadTreeSink implements BackupSink, ReadTree {
  readonly entries = new Map<string, ReadEntry>();
  readonly errors = new Map<string, string>();
  readonly #root: string;
  #bytes = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async record(...[record, source, signal]: Parameters<BackupSink["record"]>): Promise<void> {
    const { pathname, fileInfo, attribute, target } = record;
    const below = this.#below(pathname);
    if (below === undefined || fileInfo === undefined || attribute !== undefined) return;
    if (this.entries.has(below)) throw new Violation(`it yields ${JSON.stringify(pathname)} twice`);
    let content: Uint8Array | Error = new Uint8Array();
    try {
      if (source !== undefined) content = await readAll(source, MAX_BYTES);
    } catch (error) {
      // The permissions and the time of the file can be compared all the same.
      if (signal.aborted || !(error instanceof PluginError || error instanceof PluginContractError)) throw error;
      content = error;
    }
    if (!(content instanceof Error)) this.#bytes += content.length;
    if (this.#bytes > MAX_BYTES) throw new Violation(`it sent more than ${MAX_BYTES} bytes`);
    this.entries.set(below, { ...describe(fileInfo, target), content });
    if (this.entries.size > MAX_ENTRIES) throw new Violation(`it yields more than ${MAX_ENTRIES} entries`);
  }

  error(...[{ pathname }, error]: Parameters<BackupSink["error"]>): void {
    if (error instanceof Violation) throw error;
    const below = this.#below(pathname);
    if (below !== undefined && this.errors.size < MAX_ENTRIES) this.errors.set(below, error.message);
  }

  /** Returns the pathname below the root; undefined if it is outside. */
  #below(pathname: string): string | undefined {
    if (pathname === this.#root) return "/";
    const base = this.#root === "/" ? "" : this.#root;
    return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : undefined;
  }
}

function describe({ mode, modTime }: Pick<FileInfo, "mode" | "modTime">, target: string): RestoredEntry {
  return { type: fileTypeOf(mode), permissions: permissionsOf(mode), modTime, target };
}
