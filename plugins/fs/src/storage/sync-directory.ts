import { open, type FileHandle } from "node:fs/promises";
import { hasCode, withPath } from "../fs/errors.js";

/**
 * Syncs the names in a directory to disk: after a power failure, a synced file
 * whose name was not synced is lost.
 *
 * Does nothing if the system does not support it (Windows, some FUSE file systems),
 * and in a directory that this user may write to but not read.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (hasCode(error, "EACCES")) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOTSUP", "ENOSYS")) throw withPath(error, path);
  } finally {
    await handle.close();
  }
}
