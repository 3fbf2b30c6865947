import { dirname } from "node:path";
import type { RecordEntry } from "@kloset/model";
import { contentOf, knownContent, knownFileInfo, type KnownEntry } from "./known-tree.js";

const MOD_TIME = 1_582_979_696_000_000_000n;

/** Returns an entry of the known tree as hosts restore it. */
export function restoreEntryOf(known: KnownEntry): RecordEntry {
  const { pathname, target } = known;
  return { pathname, fileInfo: knownFileInfo(known), target, read: () => contentOf(known) };
}

/** Returns the entry of a file that is not in the known tree. */
export function fileEntry(pathname: string, size: number): RecordEntry {
  const known = { pathname, type: "file", permissions: 0o644, modTime: MOD_TIME, size, target: "" } as const;
  return { pathname, fileInfo: knownFileInfo(known), target: "", read: () => knownContent(pathname, size) };
}

/** Returns the root and all folders above a file, the root first. */
export function parentEntries(pathname: string): RecordEntry[] {
  const folders: RecordEntry[] = [];
  for (let folder = dirname(pathname); ; folder = dirname(folder)) {
    const known = { type: "directory", permissions: 0o755, modTime: MOD_TIME, size: 0, target: "" } as const;
    folders.unshift(restoreEntryOf({ ...known, pathname: folder }));
    if (folder === "/") return folders;
  }
}
