import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, systemError } from "./errors.js";

/**
 * Makes a directory and what is missing above it. In place of Node's own
 * `recursive`, which says ENOENT where the disk is read-only, for one.
 *
 * @param path - Absolute. May exist.
 * @returns The highest directory that was made; undefined when there was nothing to make.
 * @throws What the system says of the directory that can not be made; ENOTDIR that names what is none.
 */
export async function makePath(path: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(path, { mode });
    return path;
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) {
      // Systems do not agree on what they say of an existing one.
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isDirectory() === true) return undefined;
      throw stats === undefined ? error : systemError("ENOTDIR", "not a directory", path);
    }
  }
  const highest = await makePath(dirname(path), mode);
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
  return highest ?? path;
}
