import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { systemError, withoutAlias } from "../fs/errors.js";
import { isAtOrBelow } from "../fs/pathname.js";

/** Linux' O_PATH, which Node does not export: holds an entry of any type without opening it. */
const O_PATH = 0o10000000;

/**
 * Confines a backup to the tree below its top directory. Between the scan and the
 * read, a user with write access to the source could replace a directory by a
 * symbolic link (to `/root`), and so get files into the backup that this user may
 * not read.
 *
 * The top is held open from the start. Links above it are followed.
 */
export class Fence {
  readonly #top: string;
  readonly #anchor: number;
  /** Path of the top as `/proc` shows it. */
  readonly #real: string;

  private constructor(top: string, anchor: number, real: string) {
    this.#top = top;
    this.#anchor = anchor;
    this.#real = real;
  }

  /**
   * @param top - Absolute path that the location resolves to.
   * @returns undefined if the system does not support it (not Linux, or no
   * `/proc`), and if the top does not exist or is not a directory.
   */
  static around(top: string): Fence | undefined {
    if (process.platform !== "linux") return undefined;
    let anchor: number | undefined;
    try {
      anchor = openSync(top, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      return new Fence(top, anchor, readlinkSync(pathOf(anchor)));
    } catch {
      // The scan reports the error.
      if (anchor !== undefined) closeSync(anchor);
      return undefined;
    }
  }

  /** Returns true for the top and everything below it. */
  covers(pathname: string): boolean {
    return isAtOrBelow(pathname, this.#top);
  }

  /**
   * Verifies that an open directory is the one that its pathname leads to from
   * the top without passing a symbolic link.
   *
   * @param fd - Descriptor of a directory, opened without following a link in the last component.
   * @throws Error that names the pathname.
   */
  verify(fd: number, pathname: string): void {
    if (pathname === this.#top) return;
    const rest = pathname.slice(this.#top === "/" ? 1 : this.#top.length + 1);
    if (nameOf(fd) === (this.#real === "/" ? `/${rest}` : `${this.#real}/${rest}`)) return;
    // It may still be the right one: /proc shows another path if the top was moved, or if the file system
    // ignores case.
    const own = fstatSync(fd, { bigint: true });
    const there = this.#statsOf(rest, pathname);
    if (own.ino !== there.ino || own.dev !== there.dev) {
      throw systemError("ESTALE", "replaced by another directory during the backup", pathname);
    }
  }

  close(): void {
    closeSync(this.#anchor);
  }

  /** Walks down from the top, one directory at a time. */
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
      throw systemError("ELOOP", "a directory of the path was replaced by a symbolic link during the backup", pathname);
    }
    throw withoutAlias(error, path, pathname);
  }
}

/** @returns The path that `/proc` shows; undefined if it shows none, as for a path that is too long. */
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
