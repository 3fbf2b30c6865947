import { closeSync, constants, open, openSync } from "node:fs";
import { promisify } from "node:util";
import { systemError, withoutAlias } from "../fs/errors.js";
import { splitPathname } from "../fs/pathname.js";
import type { Fence } from "./fence.js";

/** Longest path, in bytes, that a system call accepts: PATH_MAX without the terminating NUL. */
const PATH_BYTES_MAX = process.platform === "linux" ? 4095 : 1023;
/** Longest name, in bytes, of a directory entry. */
const NAME_BYTES_MAX = 255;
/** Most bytes that UTF-8 needs for one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** Linux' O_PATH, which Node does not export: opens a directory that may be searched but not read. */
const O_PATH = 0o10000000;

const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

// The callback API, because a `FileHandle` costs three times as much.
const openOf = promisify(open);

/** A directory whose entries are accessible to system calls, however long its pathname is. */
export interface DirectoryAccess {
  /** Path of the directory itself, for `readdir`. */
  readonly path: string;
  /** Append a name to get the path of an entry. */
  readonly prefix: string;
  /**
   * Calls a function that makes many system calls. If possible, the directory is the current directory meanwhile: that
   * saves 2 µs for each path, because the system need not resolve `/proc/self/fd`.
   *
   * @param call - Gets a prefix for the names of entries, to use before it returns. It must not throw.
   */
  within<T extends object>(call: (prefix: string) => T): T;
  /** Releases the directory. Must be called after the last use. */
  close(): void;
}

/**
 * Makes a directory accessible to system calls. Inside a fence, the directory is
 * held open, so that it cannot be exchanged while it is used. Otherwise its
 * pathname is used as it is, unless it is too long for a system call (such as 40
 * levels of 250 bytes): then the directory is opened step by step through
 * `/proc/self/fd`, which only Linux has.
 *
 * @param pathname - Absolute.
 * @throws Error with code `ENAMETOOLONG` for a long path on other systems; the
 * error of `open`; or the error of the fence if the path leads outside.
 */
export async function accessDirectory(pathname: string, fence?: Fence): Promise<DirectoryAccess> {
  const way = wayTo(pathname, fence);
  if (way === "by path") return accessByPath(pathname);
  return accessOpen(way === "in steps" ? openInSteps(pathname) : await openOf(pathname, DIRECTORY), pathname, fence);
}

/** Does the same in calls that block the event loop. */
export function accessDirectoryNow(pathname: string, fence?: Fence): DirectoryAccess {
  const way = wayTo(pathname, fence);
  if (way === "by path") return accessByPath(pathname);
  return accessOpen(way === "in steps" ? openInSteps(pathname) : openSync(pathname, DIRECTORY), pathname, fence);
}

function wayTo(pathname: string, fence: Fence | undefined): "by path" | "open" | "in steps" {
  const isShort = fits(pathname);
  if (isShort && fence?.covers(pathname) !== true) return "by path";
  if (process.platform !== "linux") throw systemError("ENAMETOOLONG", "name too long, open", pathname);
  return isShort ? "open" : "in steps";
}

function accessByPath(pathname: string): DirectoryAccess {
  const prefix = pathname === "/" ? "/" : `${pathname}/`;
  return { path: pathname, prefix, within: (call) => call(prefix), close: doNothing };
}

/** @param fd - Closed if the path leads outside of the fence. */
function accessOpen(fd: number, pathname: string, fence: Fence | undefined): DirectoryAccess {
  try {
    if (fence?.covers(pathname) === true) fence.verify(fd, pathname);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const prefix = `/proc/self/fd/${fd}/`;
  // The dot is needed because the entry in /proc is itself a symbolic link.
  const path = `${prefix}.`;
  return {
    path,
    prefix,
    within: (call) => withCurrentDirectory(path, call) ?? call(prefix),
    close: () => {
      closeSync(fd);
    },
  };
}

/** @returns The result; undefined if the current directory cannot be changed and then restored. */
function withCurrentDirectory<T extends object>(path: string, call: (prefix: string) => T): T | undefined {
  let home: number | undefined;
  try {
    // Fails if this user may not search the current directory, so could not return to it.
    home = openSync(".", DIRECTORY);
    process.chdir(path);
    try {
      return call("");
    } finally {
      process.chdir(`/proc/self/fd/${home}/.`);
    }
  } catch {
    return undefined;
  } finally {
    if (home !== undefined) closeSync(home);
  }
}

/** Returns true if the pathname of any entry of the directory is short enough for a system call. */
function fits(pathname: string): boolean {
  const most = PATH_BYTES_MAX - NAME_BYTES_MAX - 1;
  return pathname.length * UTF8_BYTES_MAX <= most || Buffer.byteLength(pathname) <= most;
}

function openInSteps(pathname: string): number {
  let fd: number | undefined;
  try {
    for (const step of stepsOf(pathname)) {
      const from: string = fd === undefined ? "" : `/proc/self/fd/${fd}`;
      const next = openSync(`${from}/${step}`, DIRECTORY);
      if (fd !== undefined) closeSync(fd);
      fd = next;
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw withPathname(error, pathname);
  }
  if (fd === undefined) throw new RangeError("a pathname without components is not too long");
  return fd;
}

/** Splits a pathname into relative paths, each short enough to follow `/proc/self/fd/<n>/`. */
function* stepsOf(pathname: string): Generator<string, void, undefined> {
  const most = PATH_BYTES_MAX - NAME_BYTES_MAX;
  let step = "";
  let bytes = 0;
  for (const name of pathname.split("/")) {
    if (name === "") continue;
    const more = Buffer.byteLength(name) + 1;
    if (bytes + more > most && step !== "") {
      yield step;
      step = "";
      bytes = 0;
    }
    step = step === "" ? name : `${step}/${name}`;
    bytes += more;
  }
  if (step !== "") yield step;
}

/**
 * Replaces a path in `/proc`, which means nothing to the user, in an error.
 *
 * @returns The same error, which now names the pathname.
 */
export function withPathname(error: unknown, pathname: string): unknown {
  const path = (error as { path?: unknown } | null)?.path;
  return typeof path === "string" && path !== pathname ? withoutAlias(error, path, pathname) : error;
}

/**
 * Calls a function with a path that gives system calls access to an entry.
 *
 * @param pathname - The entry's absolute pathname.
 */
export async function reach<T>(pathname: string, fence: Fence | undefined, call: (path: string) => T): Promise<T> {
  const { parent, name } = splitPathname(pathname);
  const access = await accessDirectory(parent, fence);
  try {
    return call(access.prefix + name);
  } catch (error) {
    throw withPathname(error, pathname);
  } finally {
    access.close();
  }
}

function doNothing(): void {
  // Nothing is held.
}
