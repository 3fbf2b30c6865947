import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../fs/errors.js";
import { entriesOf, type ReadEntries } from "./directory-entries.js";

/** Files that are looked at together. */
const AT_ONCE = 32;

/**
 * Adds up the bytes of all files below a directory. What vanishes meanwhile
 * counts as nothing; symbolic links are not followed.
 *
 * @param read - For tests.
 * @throws What makes the sum wrong: a directory that can not be read.
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
