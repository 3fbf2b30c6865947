import { stat } from "node:fs";
import { promisify } from "node:util";
import type { Entry } from "@kloset/sdk";
import { errorEntry, statsOf, type Inspector } from "./inspect.js";
import type { ResolvedLocation } from "./resolve-location.js";
import { StableInodes } from "./stable-inodes.js";
import { walk, type WalkOptions } from "./walk.js";

const statOf = promisify(stat);

/** Options of a scan. */
export interface ScanOptions extends WalkOptions {
  /** Replaces the numbers of devices and inodes: see {@link StableInodes}. */
  readonly ignoreInode: boolean;
}

/** Yields the directories and links that lead from "/" to the location, then the tree at the location. */
export async function* scan(
  { parents, links, top, error }: ResolvedLocation,
  options: ScanOptions,
  signal: AbortSignal,
): AsyncGenerator<Entry, void, undefined> {
  const inodes = options.ignoreInode ? new StableInodes() : undefined;
  for (const parent of parents) {
    const entry = await parentEntry(parent, options.inspector);
    yield inodes?.apply(entry) ?? entry;
  }
  for (const link of links) {
    signal.throwIfAborted();
    try {
      const entries = await options.inspector.entriesOf(link, link, await statsOf(link));
      yield* inodes?.applyAll(entries) ?? entries;
    } catch (reason) {
      yield errorEntry(link, reason);
    }
  }
  if (error !== undefined) yield errorEntry(links.at(-1) ?? "/", error);
  if (top !== undefined) yield* walk(top, options, signal, inodes);
}

/**
 * Returns the entry of a directory above the location. A symbolic link is
 * followed: the snapshot needs a directory there, because it holds entries.
 */
async function parentEntry(pathname: string, inspector: Inspector): Promise<Entry> {
  try {
    const [record] = await inspector.entriesOf(pathname, pathname, await statOf(pathname, { bigint: true }), false);
    return record ?? errorEntry(pathname, "not found");
  } catch (error) {
    return errorEntry(pathname, error);
  }
}
