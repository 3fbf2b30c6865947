import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { systemError, withoutAlias } from "../fs/errors.js";
import { isAtOrBelow } from "../fs/pathname.js";

/** Linux' O_PATH: holds an entry of any type without opening it. Not among Node's constants. */
const O_PATH = 0o10000000;

/**
 * Keeps a backup below its top. A pathname that was scanned may lead elsewhere
 * when it is used: somebody who may write to the source can put a symbolic link
 * (to `/root`) in the place of a directory, and would find in the backup what he
 * may not read.
 *
 * The top is held open from the start; above it, links are the user's affair.
 */
export class Fence {
  readonly #top: string;
  readonly #anchor: number;
  /** What the system calls the top. */
  readonly #real: string;

  private constructor(top: string, anchor: number, real: string) {
    this.#top = top;
    this.#anchor = anchor;
    this.#real = real;
  }

  /**
   * @param top - Absolute: what the location leads to.
   * @returns undefined where the system can not do this (not Linux, or no
   * `/proc`), and for a top that is not there, or no directory.
   */
  static around(top: string): Fence | undefined {
    if (process.platform !== "linux") return undefined;
    let anchor: number | undefined;
    try {
      anchor = openSync(top, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      return new Fence(top, anchor, readlinkSync(pathOf(anchor)));
    } catch {
      // What is wrong with it, the scan tells.
      if (anchor !== undefined) closeSync(anchor);
      return undefined;
    }
  }

  /** True for the top, and what is below. */
  covers(pathname: string): boolean {
    return isAtOrBelow(pathname, this.#top);
  }

  /**
   * Makes sure that what was opened by a pathname below the top is what the
   * pathname leads to from there without passing a symbolic link.
   *
   * @param fd - Of a directory that was opened without following a link in the last component.
   * @throws Error that names the pathname.
   */
  verify(fd: number, pathname: string): void {
    if (pathname === this.#top) return;
    const rest = pathname.slice(this.#top === "/" ? 1 : this.#top.length + 1);
    if (nameOf(fd) === (this.#real === "/" ? `/${rest}` : `${this.#real}/${rest}`)) return;
    // It may still be right: the system calls it otherwise where the top was
    // moved, or capital letters make no difference.
    const own = fstatSync(fd, { bigint: true });
    const there = this.#statsOf(rest, pathname);
    if (own.ino !== there.ino || own.dev !== there.dev) {
      throw systemError("ESTALE", "something else has taken its place during the backup", pathname);
    }
  }

  close(): void {
    closeSync(this.#anchor);
  }

  /** Goes down from the top, one directory after the other. */
  #statsOf(rest: string, pathname: string): { ino: bigint; dev: bigint } {
    const names = rest.split("/");
    const name = names.pop() ?? "";
    let fd = this.#anchor;
    try {
      for (const directory of names) {
        const next = openStep(`${pathOf(fd)}/${directory}`, pathname);
        if (fd !== this.#anchor) closeSync(fd);
        fd = next;
      }
      return lstatSync(`${pathOf(fd)}/${name}`, { bigint: true });
    } catch (error) {
      throw withoutAlias(error, `${pathOf(fd)}/${name}`, pathname);
    } finally {
      if (fd !== this.#anchor) closeSync(fd);
    }
  }
}

function openStep(path: string, pathname: string): number {
  try {
    return openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      throw systemError("ELOOP", "a symbolic link has taken the place of a directory during the backup", pathname);
    }
    throw withoutAlias(error, path, pathname);
  }
}

/** @returns What the system calls it; undefined when it does not say, as of what is longer than a path may be. */
function nameOf(fd: number): string | undefined {
  try {
    return readlinkSync(pathOf(fd));
  } catch {
    return undefined;
  }
}

function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}
