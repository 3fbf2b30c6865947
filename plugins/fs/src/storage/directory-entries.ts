import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../fs/errors.js";

/** Entries that are looked at together, where the file system does not say what they are. */
const AT_ONCE = 32;

/** A name in a directory, and what it is. */
export interface DirectoryEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Reads a directory with the types of its entries, as Node's `readdir` does. */
export type ReadEntries = (path: string) => Promise<readonly DirectoryEntry[]>;

/** Reads the names in a directory, as Node's `readdir` does. */
export type ReadNames = (path: string) => Promise<readonly string[]>;

/** Node's own: one call, where the file system gives the types. */
const readWithTypes: ReadEntries = (path) => readdir(path, { withFileTypes: true });
const readNames: ReadNames = (path) => readdir(path);

/**
 * Reads a directory with the types of its entries. Entries that vanish meanwhile
 * are left out.
 *
 * Where the file system gives no types (NFS, some of FUSE) Node asks for each
 * entry, and fails as a whole with ENOENT when one of them has gone: which reads
 * as if there were no directory.
 *
 * @param read - For tests, as the next one.
 * @throws ENOENT only when the directory itself is missing.
 */
export async function entriesOf(
  path: string,
  read: ReadEntries = readWithTypes,
  namesIn: ReadNames = readNames,
): Promise<readonly DirectoryEntry[]> {
  try {
    return await read(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const names = await namesIn(path);
  const entries: DirectoryEntry[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = await Promise.all(names.slice(i, i + AT_ONCE).map((name) => entryOf(path, name)));
    for (const entry of some) if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function entryOf(directory: string, name: string): Promise<DirectoryEntry | undefined> {
  try {
    const stats = await lstat(join(directory, name));
    return { name, isFile: () => stats.isFile(), isDirectory: () => stats.isDirectory() };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
