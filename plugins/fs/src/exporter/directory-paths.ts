import { constants } from "node:fs";
import { chmod, lchown, lstat, open, type FileHandle } from "node:fs/promises";
import { resolveBelow } from "@kloset/sdk";
import { hasCode, systemError, withPath } from "../fs/errors.js";
import { splitPathname } from "../fs/pathname.js";
import { throughLink, type Directories, type Directory, type Inode } from "./directories.js";
import { setTimes } from "./set-times.js";

/** Maximum number of cached directories. The cache is cleared when it is full. */
const REMEMBERED = 4096;

/**
 * Directories as paths, for systems that do not support `DirectoryHandles`. Each
 * component is checked once: the restore itself never replaces a directory by a
 * link (`rename(2)` refuses it). Does not guard against other processes that
 * change the target during the restore.
 */
export class DirectoryPaths implements Directories {
  readonly #root: string;
  readonly #seen = new Set<string>();

  /** @param root - Path without symbolic links, as from `realpath`. */
  constructor(root: string) {
    this.#root = root;
  }

  async within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T> {
    await this.#checkAll(pathname);
    return work({ at: (name) => resolveBelow(this.#pathOf(pathname), name) });
  }

  async inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    if (pathname !== "/") await this.#checkAll(splitPathname(pathname).parent);
    const path = this.#pathOf(pathname);
    const stats = await lstat(path, { bigint: true });
    // Links and sockets cannot be opened.
    if (!stats.isFile() && !stats.isDirectory() && !stats.isFIFO()) {
      const refuse = async (): Promise<never> => {
        throw systemError("ENOTSUP", "not a file, directory or FIFO", path);
      };
      return work({ stats, chmod: refuse, chown: refuse, utimes: refuse });
    }
    let handle: FileHandle;
    try {
      // Without O_NONBLOCK, opening a FIFO would wait for the other end.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (!hasCode(error, "EACCES")) throw error;
      // The owner may not read this entry. Use its path, which was not a link when it was checked above.
      return work({
        stats,
        chmod: (mode) => chmod(path, mode),
        chown: (uid, gid) => lchown(path, uid, gid),
        utimes: (nanoseconds) => setTimes({ link: path }, nanoseconds),
      });
    }
    try {
      return await work({
        stats: await handle.stat({ bigint: true }),
        chmod: (mode) => handle.chmod(mode),
        chown: (uid, gid) => handle.chown(uid, gid),
        utimes: (nanoseconds) => setTimes({ handle }, nanoseconds),
      });
    } catch (error) {
      throw withPath(error, path);
    } finally {
      await handle.close();
    }
  }

  async renewed(): Promise<void> {
    // Nothing to drop: a path always leads to the current directory.
  }

  async found(): Promise<void> {
    // As for `renewed`.
  }

  async forget(): Promise<void> {
    this.#seen.clear();
  }

  async close(): Promise<void> {
    this.#seen.clear();
  }

  async #checkAll(pathname: string): Promise<void> {
    if (pathname === "/" || this.#seen.has(pathname)) return;
    for (let slash = pathname.indexOf("/", 1); ; slash = pathname.indexOf("/", slash + 1)) {
      const at = slash === -1 ? pathname : pathname.slice(0, slash);
      if (!this.#seen.has(at)) await this.#check(at, pathname);
      if (slash === -1) return;
    }
  }

  async #check(at: string, wanted: string): Promise<void> {
    const path = this.#pathOf(at);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) throw throughLink(path, this.#pathOf(wanted));
    if (!stats.isDirectory()) throw systemError("ENOTDIR", "not a directory", path);
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.add(at);
  }

  #pathOf(pathname: string): string {
    return resolveBelow(this.#root, pathname);
  }
}
