import { lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryName } from "../fs/temporary-name.js";

/** No put lasts so long without writing: its process has died. */
const DEAD_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the unfinished files of processes that died. Only files of this
 * storage's own naming, that nobody has written to for a day. Best effort: what
 * can not be removed stays, and no listing shows it.
 */
export async function removeLeftovers(folders: readonly string[], now: number = Date.now()): Promise<void> {
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || !isTemporaryName(entry.name)) continue;
      const path = join(folder, entry.name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || now - stats.mtimeMs < DEAD_AFTER_MS) continue;
      await unlink(path).catch(() => undefined);
    }
  }
}
