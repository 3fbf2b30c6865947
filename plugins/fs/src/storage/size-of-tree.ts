import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../fs/errors.js";
import { entriesOf, type ReadEntries } from "./directory-entries.js";

/** Number of files that are inspected concurrently. */
const AT_ONCE = 32;

/**
 * Adds up the sizes of all files below a directory. Files that are deleted during
 * the call count as 0 bytes. Does not follow symbolic links.
 *
 * @param read - Replaced in tests.
 * @throws The system's error for a directory that cannot be read: the sum would be wrong.
 */
export async function sizeOfTree(root: string, read?: ReadEntries): Promise<number> {
  let size = 0;
  const directories = [root];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const parent = directory;
    const files: string[] = [];
    for (const entry of await entriesOf(parent, read).catch(nothingIfMissing([], parent !== root))) {
      if (entry.isDirectory()) directories.push(join(parent, entry.name));
      else if (entry.isFile()) files.push(join(parent, entry.name));
    }
    for (let i = 0; i < files.length; i += AT_ONCE) {
      const sizes = files.slice(i, i + AT_ONCE).map(async (file) => (await lstat(file)).size);
      for (const part of await Promise.all(sizes.map((one) => one.catch(nothingIfMissing(0, true))))) size += part;
    }
  }
  return size;
}

function nothingIfMissing<T>(nothing: T, mayBeMissing: boolean): (error: unknown) => T {
  return (error) => {
    if (mayBeMissing && hasCode(error, "ENOENT")) return nothing;
    throw error;
  };
}
