import { lstat, opendir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryName, makerOf } from "./temporary-name.js";

/** A temporary file that was not written to for this long belongs to a dead process. */
const DEAD_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the unfinished entries of dead processes from a directory: entries with a
 * temporary name of this plugin whose process is known to be dead, and files of
 * unknown processes that were not written to for a day. Ignores all errors.
 */
export async function removeLeftovers(folder: string, now: number = Date.now()): Promise<void> {
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isDirectory() || !isTemporaryName(entry.name)) continue;
      const path = join(folder, entry.name);
      if (await isLeftover(path, entry.name, now)) await unlink(path).catch(() => undefined);
    }
  } catch {
    // The directory cannot be read, or no longer exists.
  }
}

async function isLeftover(path: string, name: string, now: number): Promise<boolean> {
  const maker = makerOf(name);
  if (maker !== "unknown") return maker === "dead";
  const stats = await lstat(path).catch(() => undefined);
  // A hard link shares the time of its file, which says nothing about the age of the link.
  return stats !== undefined && stats.isFile() && stats.nlink === 1 && now - stats.mtimeMs >= DEAD_AFTER_MS;
}
