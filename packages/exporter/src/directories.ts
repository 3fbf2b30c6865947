import { fileModeOf, type FileInfo } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import type { Restored } from "./prefix-search.js";

/** A directory whose permissions are set at the end of the Export. */
export interface Directory {
  readonly record: connectors.Record;
  readonly pathname: string;
  readonly fileInfo: FileInfo;
}

const SYNTHETIC_MODE = fileModeOf("directory", 0o700);

/** Sorts directories deepest first, because changing a directory can update the times of its parent. */
export function deepestFirst(directories: readonly Directory[]): Directory[] {
  const depth = ({ pathname }: Directory): number => (pathname === "/" ? 0 : pathname.split("/").length);
  return directories
    .map((directory) => ({ directory, depth: depth(directory) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ directory }) => directory);
}

/**
 * Returns true for the synthetic root that hosts send when they restore a single
 * file: mode 0700, modified now, all other fields empty. It was never backed up, so
 * it must not change the user's existing directory.
 */
export function isSyntheticRoot({ pathname, fileInfo }: Directory): boolean {
  const { name, mode, size, dev, ino, uid, gid, nlink, username, groupname, flags } = fileInfo;
  return (
    pathname === "/" &&
    name === "/" &&
    mode === SYNTHETIC_MODE &&
    dev === 0n &&
    ino === 0n &&
    (size ?? 0) + uid + gid + nlink + flags === 0 &&
    username + groupname === ""
  );
}

/**
 * Returns the part of the snapshot that is restored, as the record of "/" shows: hosts name that record like the
 * restored directory.
 */
export function restoredBy(root: Directory): Restored {
  const { name } = root.fileInfo;
  if (isSyntheticRoot(root)) return { type: "file" };
  if (name === "/") return { type: "all" };
  return name === "" ? { type: "unknown" } : { type: "directory", name };
}
