import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { contentOf, knownTree, type KnownEntry } from "./known-tree.js";

const NANOSECONDS = 1e9;

/** Writes a tree into a folder, with modes and times. The folder itself becomes the root. */
export async function writeKnownTree(folder: string, tree: readonly KnownEntry[] = knownTree): Promise<void> {
  for (const entry of tree) await writeEntry(join(folder, entry.pathname), entry);
  // Last, and deepest first, because writing into a folder changes its time.
  for (const { pathname, permissions, modTime } of tree.filter(({ type }) => type === "directory").reverse()) {
    const path = join(folder, pathname);
    await chmod(path, permissions);
    await utimes(path, Number(modTime) / NANOSECONDS, Number(modTime) / NANOSECONDS);
  }
}

async function writeEntry(path: string, entry: KnownEntry): Promise<void> {
  const { type, permissions, modTime, target } = entry;
  const seconds = Number(modTime) / NANOSECONDS;
  if (type === "directory") {
    await mkdir(path, { recursive: true });
  } else if (type === "symlink") {
    await symlink(target, path);
    await lutimes(path, seconds, seconds);
  } else {
    await writeFile(path, contentOf(entry));
    await chmod(path, permissions);
    await utimes(path, seconds, seconds);
  }
}
