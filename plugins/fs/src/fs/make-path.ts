import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, systemError } from "./errors.js";

/**
 * Makes a directory and its missing parents. Replaces Node's `recursive` option,
 * which reports ENOENT for a read-only disk, for example.
 *
 * @param path - Absolute. May exist.
 * @returns The topmost directory that was made, or undefined if all existed.
 * @throws The system's error for a directory that cannot be made; ENOTDIR that
 * names a path that is not a directory.
 */
export async function makePath(path: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(path, { mode });
    return path;
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) {
      // Systems report different errors for an existing directory.
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
