import { fileModeOf, type FileInfo } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";

/** A directory whose permissions wait for the end. */
export interface Directory {
  readonly record: connectors.Record;
  readonly pathname: string;
  readonly fileInfo: FileInfo;
}

const MADE_UP_MODE = fileModeOf("directory", 0o700);

/** @returns The directories, deepest first: what is done to one changes the times of the one above. */
export function deepestFirst(directories: readonly Directory[]): Directory[] {
  const depth = ({ pathname }: Directory): number => (pathname === "/" ? 0 : pathname.split("/").length);
  return directories
    .map((directory) => ({ directory, depth: depth(directory) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ directory }) => directory);
}

/**
 * Restoring a single file, hosts make up the directory that it goes to: mode 0700,
 * changed now, and nothing else. Nobody has ever seen such a directory, and the
 * real one is the user's: leave it alone.
 */
export function isMadeUpRoot({ pathname, fileInfo }: Directory): boolean {
  const { name, mode, size, dev, ino, uid, gid, nlink, username, groupname, flags } = fileInfo;
  return (
    pathname === "/" &&
    name === "/" &&
    mode === MADE_UP_MODE &&
    dev === 0n &&
    ino === 0n &&
    size + uid + gid + nlink + flags === 0 &&
    username + groupname === ""
  );
}
