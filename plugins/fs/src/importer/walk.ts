import { readdir, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import type { Entry } from "@kloset/sdk";
import { isTemporaryName } from "../fs/temporary-name.js";
import { accessDirectory, type DirectoryAccess } from "./directory-access.js";
import type { Excludes } from "./excludes.js";
import type { Fence } from "./fence.js";
import { errorEntry, statsOf, type Inspector } from "./inspect.js";
import { decodeName, escapeUnlike, type RawName } from "./names.js";

const readdirOf = promisify(readdir);

/** Number of directory entries that are inspected concurrently. They are yielded in order. */
const BATCH = 64;

/** Options of a walk. */
export interface WalkOptions {
  readonly inspector: Inspector;
  /** undefined if the user excludes nothing. */
  readonly excludes: Excludes | undefined;
  /** Leaves out directories of other file systems. */
  readonly oneFileSystem: boolean;
  /** Confines the walk to the top; undefined where the system does not support it. */
  readonly fence: Fence | undefined;
}

/** The result for one pathname. */
interface Found {
  readonly entries: readonly Entry[];
  /** The pathname, if it is a directory to walk. */
  readonly directory?: string;
}

const NOTHING: Found = { entries: [] };

/**
 * Yields an entry and, if it is a directory, everything below it, each directory
 * before its children. The order is stable: the entries of a directory sorted by
 * the bytes of their names, then its subdirectories, one by one.
 *
 * Keeps in memory the names of one directory, the pathnames of the pending
 * subdirectories, and the results for {@link BATCH} names.
 *
 * @param top - Absolute.
 */
export async function* walk(
  top: string,
  options: WalkOptions,
  signal: AbortSignal,
): AsyncGenerator<Entry, void, undefined> {
  const walker = new Walker(options);
  const first = await walker.start(top);
  yield* first.entries;
  const pending = first.directory === undefined ? [] : [first.directory];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const subdirectories: string[] = [];
    for await (const batch of walker.batchesOf(directory, signal)) {
      for (const found of batch) {
        if (found.directory !== undefined) subdirectories.push(found.directory);
        yield* found.entries;
      }
    }
    // `pending` is a stack: push in reverse, so that the first subdirectory comes next.
    for (let last = subdirectories.pop(); last !== undefined; last = subdirectories.pop()) pending.push(last);
  }
}

class Walker {
  readonly #options: WalkOptions;
  /** Device of the top; undefined if other devices are included. */
  #device: bigint | undefined;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  async start(top: string): Promise<Found> {
    const found = await this.#find(top, top);
    if (this.#options.oneFileSystem && found.directory !== undefined) this.#device = (await statsOf(top)).dev;
    return found;
  }

  /** Inspects the entries of a directory, in order. */
  async *batchesOf(directory: string, signal: AbortSignal): AsyncGenerator<readonly Found[], void, undefined> {
    signal.throwIfAborted();
    let access: DirectoryAccess | undefined;
    let names: RawName[];
    try {
      access = await accessDirectory(directory, this.#options.fence);
      names = await readdirOf(access.path, "latin1");
    } catch (error) {
      access?.close();
      yield [{ entries: [errorEntry(directory, error)] }];
      return;
    }
    try {
      names.sort();
      const look = this.#lookIn(directory, access.prefix, names);
      for (let start = 0; start < names.length; start += BATCH) {
        signal.throwIfAborted();
        yield await Promise.all(names.slice(start, start + BATCH).map(look));
      }
    } finally {
      access.close();
    }
  }

  #lookIn(directory: string, prefix: string, names: readonly RawName[]): (raw: RawName) => Promise<Found> {
    const above = directory === "/" ? "/" : `${directory}/`;
    let taken: Set<RawName> | undefined;
    return async (raw) => {
      const name = decodeName(raw);
      if (name !== undefined) return this.#find(above + name, prefix + name, isTemporaryName(name));
      // Nothing below it is opened either: no pathname can name it.
      taken ??= new Set(names);
      const shown = escapeUnlike(raw, taken);
      if (this.#isExcluded(above + shown, false)) return NOTHING;
      return { entries: [errorEntry(above + shown, new Error(`name is not UTF-8: '${shown}'`))] };
    };
  }

  /** @param mayBeUnfinished - The name is a temporary name of this plugin: if it is not a directory, it is skipped. */
  async #find(pathname: string, path: string, mayBeUnfinished = false): Promise<Found> {
    let stats: BigIntStats;
    try {
      stats = await statsOf(path);
    } catch (error) {
      return this.#isExcluded(pathname, false) ? NOTHING : { entries: [errorEntry(pathname, error)] };
    }
    const isDirectory = stats.isDirectory();
    if (mayBeUnfinished && !isDirectory) return NOTHING;
    if (this.#isExcluded(pathname, isDirectory)) return NOTHING;
    // Like Plakar's own importer, this leaves out the mount point itself, too.
    if (isDirectory && this.#device !== undefined && stats.dev !== this.#device) return NOTHING;
    const entries = await this.#options.inspector.entriesOf(pathname, path, stats);
    return isDirectory ? { entries, directory: pathname } : { entries };
  }

  #isExcluded(pathname: string, isDirectory: boolean): boolean {
    return this.#options.excludes?.isExcluded(pathname, isDirectory) ?? false;
  }
}
