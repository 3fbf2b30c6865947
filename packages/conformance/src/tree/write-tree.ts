import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { knownContent, knownTree, type KnownEntry } from "./known-tree.js";

const NANOSECONDS = 1e9;
/** Each check writes its own tree, so generate the content only once. */
const contents = new Map<string, Uint8Array>();

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

async function writeEntry(
  path: string,
  { pathname, type, permissions, modTime, size, target }: KnownEntry,
): Promise<void> {
  const seconds = Number(modTime) / NANOSECONDS;
  if (type === "directory") {
    await mkdir(path, { recursive: true });
  } else if (type === "symlink") {
    await symlink(target, path);
    await lutimes(path, seconds, seconds);
  } else {
    await writeFile(path, contentOf(pathname, size));
    await chmod(path, permissions);
    await utimes(path, seconds, seconds);
  }
}

function contentOf(pathname: string, size: number): Uint8Array {
  const key = `${pathname}\0${size}`;
  const content = contents.get(key) ?? knownContent(pathname, size);
  contents.set(key, content);
  return content;
}
