import { lstatSync, readdir, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import type { Entry } from "@kloset/sdk";
import { BlockingPolicy } from "../fs/blocking-policy.js";
import { hasCode } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { isTemporaryName } from "../fs/temporary-name.js";
import { accessDirectory, type DirectoryAccess } from "./directory-access.js";
import type { Excludes } from "./excludes.js";
import type { Fence } from "./fence.js";
import { errorEntry, statsNow, statsOf, type Inspector } from "./inspect.js";
import { decodeName, escapeUnlike, type RawName } from "./names.js";
import type { StableInodes } from "./stable-inodes.js";

const readdirOf = promisify(readdir);

/** Number of directory entries that are inspected concurrently. They are yielded in order. */
const BATCH = 64;

/** Milliseconds. An entry that takes longer waited for a device; the thread pool inspects several of them at a time. */
const SLOW_MS = 0.2;

/** Options of a walk. */
export interface WalkOptions {
  readonly inspector: Inspector;
  /** undefined if the user excludes nothing. */
  readonly excludes: Excludes | undefined;
  /** Leaves out directories of other file systems. */
  readonly oneFileSystem: boolean;
  /** Confines the walk to the top; undefined where the system does not support it. */
  readonly fence: Fence | undefined;
  /** Counts the entries that were removed during the scan. */
  readonly notices: Notices;
}

/** A directory to walk. */
interface Directory {
  readonly pathname: string;
  readonly dev: bigint;
}

/** The result for one pathname. */
interface Found {
  readonly entries: readonly Entry[];
  /** Set if it is a directory to walk. */
  readonly directory?: Directory;
  /** Set if the entry does not exist: it was removed after its name was read, or the file system is inconsistent. */
  readonly isMissing?: boolean;
}

const NOTHING: Found = { entries: [] };

const REMOVED = "entries left out because they were removed during the scan";

/**
 * Yields an entry and, if it is a directory, everything below it, each directory
 * before its children. The order is stable: the entries of a directory sorted by
 * the bytes of their names, then its subdirectories, one by one.
 *
 * Keeps in memory the names of one directory, the pathnames of the pending
 * subdirectories, and the results for {@link BATCH} names.
 *
 * @param top - Absolute.
 * @param inodes - Replaces the numbers of devices and inodes; undefined to keep them.
 */
export async function* walk(
  top: string,
  options: WalkOptions,
  signal: AbortSignal,
  inodes?: StableInodes,
): AsyncGenerator<Entry, void, undefined> {
  const walker = new Walker(top, options);
  const first = await walker.start();
  yield* inodes?.applyAll(first.entries) ?? first.entries;
  const pending = first.directory === undefined ? [] : [first.directory];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const subdirectories: Directory[] = [];
    for await (const batch of walker.batchesOf(directory, signal)) {
      for (const found of batch) {
        if (found.directory !== undefined) subdirectories.push(found.directory);
        yield* inodes?.applyAll(found.entries) ?? found.entries;
      }
    }
    // `pending` is a stack: push in reverse, so that the first subdirectory comes next.
    for (let last = subdirectories.pop(); last !== undefined; last = subdirectories.pop()) pending.push(last);
  }
}

class Walker {
  readonly #policy = new BlockingPolicy(BATCH, SLOW_MS);
  readonly #options: WalkOptions;
  readonly #top: string;
  /** Device of the top; undefined if other devices are included. */
  #device: bigint | undefined;

  constructor(top: string, options: WalkOptions) {
    this.#top = top;
    this.#options = options;
  }

  async start(): Promise<Found> {
    const top = this.#top;
    const found = await this.#find(top, top);
    if (this.#options.oneFileSystem && found.directory !== undefined) this.#device = (await statsOf(top)).dev;
    return found;
  }

  /** Inspects the entries of a directory, in order. */
  async *batchesOf(directory: Directory, signal: AbortSignal): AsyncGenerator<readonly Found[], void, undefined> {
    signal.throwIfAborted();
    const { pathname } = directory;
    let access: DirectoryAccess | undefined;
    let names: RawName[];
    try {
      access = await accessDirectory(pathname, this.#options.fence);
      names = await readdirOf(access.path, "latin1");
    } catch (error) {
      access?.close();
      if (hasCode(error, "ENOENT") && isRemoved(directory, this.#top)) this.#options.notices.count(REMOVED);
      else yield [{ entries: [errorEntry(pathname, error)] }];
      return;
    }
    try {
      names.sort();
      const look = this.#lookIn(pathname, access.prefix, names);
      for (let start = 0; start < names.length; start += BATCH) {
        signal.throwIfAborted();
        const part = names.slice(start, start + BATCH);
        const results = access.within((prefix) => part.map((name) => look(name, prefix)));
        const batch = readyOf(results) ?? (await Promise.all(results.map((result) => Promise.resolve(result))));
        if (batch.every(({ isMissing }) => isMissing !== true)) {
          yield batch;
        } else {
          const present = await this.#namesNow(directory, access, names);
          const isPresent = (name: RawName): boolean => this.#isPresent(name, present);
          const inspected = names.slice(0, start + BATCH);
          const first = start;
          yield batch.filter(({ isMissing }, index) => isMissing !== true || isPresent(inspected[first + index] ?? ""));
          // Do not inspect other names that were removed, each of which would need another listing.
          names = [...inspected, ...names.slice(start + BATCH).filter(isPresent)];
        }
      }
    } finally {
      access.close();
    }
  }

  /** Lists a directory again. If that fails, nothing shows that a name was removed. */
  async #namesNow(
    directory: Directory,
    { path }: DirectoryAccess,
    names: readonly RawName[],
  ): Promise<ReadonlySet<RawName>> {
    try {
      return new Set(await readdirOf(path, "latin1"));
    } catch (error) {
      return new Set(hasCode(error, "ENOENT") && isRemoved(directory, this.#top) ? [] : names);
    }
  }

  /** Returns true if a name is still in its directory. Otherwise, counts it as removed. */
  #isPresent(name: RawName, present: ReadonlySet<RawName>): boolean {
    if (present.has(name)) return true;
    this.#options.notices.count(REMOVED);
    return false;
  }

  /**
   * @param prefix - For calls in the thread pool.
   * @returns A function that inspects an entry. Its second parameter is the prefix for calls that block.
   */
  #lookIn(
    directory: string,
    prefix: string,
    names: readonly RawName[],
  ): (raw: RawName, prefixNow: string) => Found | Promise<Found> {
    const above = directory === "/" ? "/" : `${directory}/`;
    let taken: Set<RawName> | undefined;
    return (raw, prefixNow) => {
      const name = decodeName(raw);
      if (name !== undefined) {
        const mayBeUnfinished = isTemporaryName(name);
        const found = this.#findNow(above + name, prefixNow + name, mayBeUnfinished);
        return found ?? this.#find(above + name, prefix + name, mayBeUnfinished);
      }
      // Nothing below it is opened either: no pathname can name it.
      taken ??= new Set(names);
      const shown = escapeUnlike(raw, taken);
      if (this.#isExcluded(above + shown, false)) return NOTHING;
      return { entries: [errorEntry(above + shown, new Error(`name is not UTF-8: '${shown}'`))] };
    };
  }

  /** @param mayBeUnfinished - The name is a temporary name of this plugin: if it is not a directory, it is skipped. */
  async #find(pathname: string, path: string, mayBeUnfinished = false): Promise<Found> {
    try {
      const stats = await statsOf(path);
      if (this.#isLeftOut(pathname, stats, mayBeUnfinished)) return NOTHING;
      return foundOf(pathname, stats, await this.#options.inspector.entriesOf(pathname, path, stats));
    } catch (error) {
      if (this.#isExcluded(pathname, false)) return NOTHING;
      return { entries: [errorEntry(pathname, error)], isMissing: hasCode(error, "ENOENT") };
    }
  }

  /**
   * Does the same in calls that block the event loop.
   *
   * @returns undefined if the file system is slow, or if anything fails: {@link #find} then reports it.
   */
  #findNow(pathname: string, path: string, mayBeUnfinished: boolean): Found | Promise<Found> | undefined {
    if (!this.#policy.mayBlock()) return undefined;
    const start = performance.now();
    try {
      const stats = statsNow(path);
      if (this.#isLeftOut(pathname, stats, mayBeUnfinished)) return NOTHING;
      const entries = this.#options.inspector.entriesNow(pathname, path, stats);
      if (Array.isArray(entries)) return foundOf(pathname, stats, entries);
      return entries.then((looked) => foundOf(pathname, stats, looked));
    } catch {
      return undefined;
    } finally {
      this.#policy.blocked(performance.now() - start);
    }
  }

  #isLeftOut(pathname: string, stats: BigIntStats, mayBeUnfinished: boolean): boolean {
    const isDirectory = stats.isDirectory();
    if (mayBeUnfinished && !isDirectory) return true;
    if (this.#isExcluded(pathname, isDirectory)) return true;
    // Like Plakar's own importer, this leaves out the mount point itself, too.
    return isDirectory && this.#device !== undefined && stats.dev !== this.#device;
  }

  #isExcluded(pathname: string, isDirectory: boolean): boolean {
    return this.#options.excludes?.isExcluded(pathname, isDirectory) ?? false;
  }
}

function foundOf(pathname: string, stats: BigIntStats, entries: readonly Entry[]): Found {
  return stats.isDirectory() ? { entries, directory: { pathname, dev: stats.dev } } : { entries };
}

/** @returns The results if none of them is a promise. */
function readyOf(results: readonly (Found | Promise<Found>)[]): readonly Found[] | undefined {
  const ready: Found[] = [];
  for (const result of results) {
    if (result instanceof Promise) return undefined;
    ready.push(result);
  }
  return ready;
}

/**
 * Returns true if a directory was removed: its nearest parent that exists is within the top and on the same device.
 * Otherwise the location itself is missing, or a file system was unmounted.
 */
function isRemoved({ pathname, dev }: Directory, top: string): boolean {
  try {
    for (let path = pathname; path !== top;) {
      path = splitPathname(path).parent;
      const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (stats !== undefined) return stats.dev === dev;
    }
  } catch {
    // Not removed, as far as the system shows.
  }
  return false;
}
