import { lstat, opendir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryName, makerOf } from "./temporary-name.js";

/** No file is made for so long without writing: its process has died. */
const DEAD_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the unfinished entries that dead processes have left in a directory.
 * Only entries of this plugin's own naming: those of a process that is known to
 * be dead, and files of unknown processes that nobody has written to for a day.
 * Best effort: what can not be removed stays.
 */
export async function removeLeftovers(folder: string, now: number = Date.now()): Promise<void> {
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isDirectory() || !isTemporaryName(entry.name)) continue;
      const path = join(folder, entry.name);
      if (await isLeftover(path, entry.name, now)) await unlink(path).catch(() => undefined);
    }
  } catch {
    // It can not be read, or has gone.
  }
}

async function isLeftover(path: string, name: string, now: number): Promise<boolean> {
  const maker = makerOf(name);
  if (maker !== "unknown") return maker === "dead";
  const stats = await lstat(path).catch(() => undefined);
  // A second name has the time of its file, which says nothing of its own.
  return stats !== undefined && stats.isFile() && stats.nlink === 1 && now - stats.mtimeMs >= DEAD_AFTER_MS;
}
