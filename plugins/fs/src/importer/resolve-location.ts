import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { parentsOf } from "@kloset/sdk";
import { isAtOrBelow, splitPathname } from "../fs/pathname.js";
import { decodeName, escapeName } from "./names.js";

/** The number of symbolic links that Linux follows. */
const MAX_LINKS = 40;

/** A location with its symbolic links followed. */
export interface ResolvedLocation {
  /** Directories above, from "/" down, each before its children. */
  readonly parents: readonly string[];
  /** The chain of symbolic links, starting with the location itself. Empty when the location is not a link. */
  readonly links: readonly string[];
  /** The target of the last link. It may not exist. undefined when the chain cannot be followed. */
  readonly top: string | undefined;
  /** The reason why the last link cannot be followed. */
  readonly error?: Error;
}

/**
 * Follows the symbolic links of a location. Both the links and their final
 * target belong to the backup: the host knows the snapshot by the location and
 * reaches the files through the links.
 *
 * Omits `top` itself and entries below it: the walk of `top` yields them.
 *
 * @param root - Absolute and clean.
 */
export function resolveLocation(root: string): ResolvedLocation {
  const links: string[] = [];
  let top: string | undefined = root;
  let error: Error | undefined;
  while (isSymbolicLink(top)) {
    if (links.length >= MAX_LINKS || links.includes(top)) {
      error = new Error(`ELOOP: too many symbolic links, '${root}'`);
      top = undefined;
      break;
    }
    links.push(top);
    try {
      top = follow(top);
    } catch (reason) {
      error = reason instanceof Error ? reason : new Error(String(reason));
      top = undefined;
      break;
    }
  }
  const ends = top === undefined ? links : [...links, top];
  const outside = (path: string): boolean => top === undefined || !isAtOrBelow(path, top);
  const parents = new Set(ends.flatMap((end) => parentsOf(end)).filter(outside));
  for (const link of links) parents.delete(link);
  return { parents: [...parents], links: links.filter(outside), top, ...(error !== undefined && { error }) };
}

function isSymbolicLink(path: string): boolean {
  // If lstat fails, the walk reports it.
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function follow(link: string): string {
  const raw = readlinkSync(link, "latin1");
  const target = decodeName(raw);
  if (target === undefined) throw new Error(`target of the symbolic link is not UTF-8: '${escapeName(raw)}'`);
  const { parent } = splitPathname(link);
  const path = target.startsWith("/") ? target : `${parent}/${target}`;
  const plain = posix.normalize(path).replace(/(?<=.)\/$/, "");
  if (!path.split("/").includes("..")) return plain;
  // ".." behind a symbolic link is the parent of the link's target, so the path cannot be normalized as text.
  // `realpathSync` without `native` does just that.
  try {
    const end = splitPathname(path);
    if (end.name === "" || end.name === "." || end.name === "..") return realpathSync.native(path);
    return posix.join(realpathSync.native(end.parent), end.name);
  } catch {
    return plain;
  }
}
