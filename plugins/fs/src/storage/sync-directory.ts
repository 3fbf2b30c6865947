import { open, type FileHandle } from "node:fs/promises";
import { hasCode, withPath } from "../fs/errors.js";

/**
 * Brings the names in a directory to the disk: a file that was synced, but whose
 * name was not, is gone after a power failure.
 *
 * Left alone where it can not be done: on some file systems (of FUSE, Windows),
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
