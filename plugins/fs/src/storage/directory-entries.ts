import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../fs/errors.js";

/** Number of entries that are inspected concurrently if the file system does not report their types. */
const AT_ONCE = 32;

/** A name in a directory with its type. */
export interface DirectoryEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Reads a directory with the types of its entries, as Node's `readdir` does. */
export type ReadEntries = (path: string) => Promise<readonly DirectoryEntry[]>;

/** Reads the names in a directory, as Node's `readdir` does. */
export type ReadNames = (path: string) => Promise<readonly string[]>;

/** Needs one call if the file system reports the types. */
const readWithTypes: ReadEntries = (path) => readdir(path, { withFileTypes: true });
const readNames: ReadNames = (path) => readdir(path);

/**
 * Reads a directory with the types of its entries. Leaves out entries that are
 * deleted during the call.
 *
 * If the file system does not report types (NFS, some FUSE file systems), Node
 * calls lstat for each entry, and the whole call fails with ENOENT if one of them
 * was deleted, as if the directory were missing.
 *
 * @param read - Replaced in tests, as is `namesIn`.
 * @throws ENOENT only if the directory itself is missing.
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
