import { closeSync, constants, open, openSync } from "node:fs";
import { promisify } from "node:util";
import { systemError, withoutAlias } from "../fs/errors.js";
import { splitPathname } from "../fs/pathname.js";
import type { Fence } from "./fence.js";

/** Longest path in bytes that a system call takes: Linux' PATH_MAX without the NUL. */
const PATH_BYTES_MAX = process.platform === "linux" ? 4095 : 1023;
/** Longest name in a directory. */
const NAME_BYTES_MAX = 255;
/** UTF-8 has at most this many bytes for one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** Linux' O_PATH: a directory may be passed through without being readable. Not among Node's constants. */
const O_PATH = 0o10000000;

const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

// The callback API: a `FileHandle` costs three times as much.
const openOf = promisify(open);

/** A directory whose entries can be reached by the system, however long its pathname is. */
export interface DirectoryAccess {
  /** The directory itself, for `readdir`. */
  readonly path: string;
  /** Put a name behind it. */
  readonly prefix: string;
  /** Must be called when it is not used any more. */
  close(): void;
}

/**
 * Makes a directory reachable. Behind a fence it is held open, so that it stays
 * the same while it is used. Without one (and where it would be too long for the
 * system: 40 levels of 250 bytes are), that is its pathname, or a descriptor to
 * which the way is gone in steps, by `/proc/self/fd`, which only Linux has.
 *
 * @param pathname - Absolute.
 * @param mayBlock - Whether the event loop may wait for the system.
 * @throws Error with code `ENAMETOOLONG` on other systems, or what `open` says of
 * a step, or that it leads out of the fence.
 */
export async function accessDirectory(pathname: string, fence?: Fence, mayBlock = false): Promise<DirectoryAccess> {
  const short = fits(pathname);
  const fenced = fence?.covers(pathname) === true;
  if (!fenced && short) {
    return { path: pathname, prefix: pathname === "/" ? "/" : `${pathname}/`, close: doNothing };
  }
  if (process.platform !== "linux") {
    throw systemError("ENAMETOOLONG", "name too long, open", pathname);
  }
  const fd = short ? await openShort(pathname, mayBlock) : openInSteps(pathname);
  try {
    if (fenced) fence.verify(fd, pathname);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const path = `/proc/self/fd/${fd}`;
  return {
    // With the dot: the entry in /proc is itself a symbolic link.
    path: `${path}/.`,
    prefix: `${path}/`,
    close: () => {
      closeSync(fd);
    },
  };
}

/** True when every name in the directory can be reached by pathname. */
function fits(pathname: string): boolean {
  const most = PATH_BYTES_MAX - NAME_BYTES_MAX - 1;
  return pathname.length * UTF8_BYTES_MAX <= most || Buffer.byteLength(pathname) <= most;
}

async function openShort(pathname: string, mayBlock: boolean): Promise<number> {
  return mayBlock ? openSync(pathname, DIRECTORY) : await openOf(pathname, DIRECTORY);
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

/** Cuts a pathname into relative paths, each short enough behind `/proc/self/fd/<n>/`. */
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
 * What a call said of a path in `/proc` is of no use to the user.
 *
 * @returns The same error, its message about the pathname that was meant.
 */
export function withPathname(error: unknown, pathname: string): unknown {
  const path = (error as { path?: unknown } | null)?.path;
  return typeof path === "string" && path !== pathname ? withoutAlias(error, path, pathname) : error;
}

/**
 * Runs a call with a path by which the system can reach an entry.
 *
 * @param pathname - Absolute, of the entry.
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
