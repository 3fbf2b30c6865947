import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { parentsOf } from "@kloset/sdk";
import { decodeName, escapeName } from "./names.js";
import { splitPathname } from "./directory-access.js";

/** As many symbolic links as Linux follows. */
const MAX_LINKS = 40;

/** How the location leads to what is backed up. */
export interface Way {
  /** Directories above, from "/" down, each before what is in it. */
  readonly parents: readonly string[];
  /** The location and what it points to, while that is a symbolic link. */
  readonly links: readonly string[];
  /** What the links lead to. It may not exist. undefined when they lead nowhere. */
  readonly top: string | undefined;
  /** Why the last link leads nowhere. */
  readonly error?: Error;
}

/**
 * Follows a location. One that is a symbolic link stands for itself and for what
 * it points to; every link on the way is kept, so that the host, which knows the
 * snapshot by the location, finds what is behind it.
 *
 * What the walk of `top` yields anyway is left out.
 *
 * @param root - Absolute and clean.
 */
export function wayTo(root: string): Way {
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
  // What can not be looked at is reported when the walk comes to it.
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
  const { directory } = splitPathname(link);
  const path = target.startsWith("/") ? target : `${directory}/${target}`;
  const plain = posix.normalize(path).replace(/(?<=.)\/$/, "");
  if (!path.split("/").includes("..")) return plain;
  // The parent of a directory that was reached through a link is not what its path says.
  // `native`: the other one takes the path by its words, too.
  try {
    const end = splitPathname(path);
    if (end.name === "" || end.name === "." || end.name === "..") return realpathSync.native(path);
    return posix.join(realpathSync.native(end.directory), end.name);
  } catch {
    return plain;
  }
}

/** True for the directory itself and everything below it. */
export function isAtOrBelow(pathname: string, directory: string): boolean {
  return pathname === directory || pathname.startsWith(directory === "/" ? "/" : `${directory}/`);
}
