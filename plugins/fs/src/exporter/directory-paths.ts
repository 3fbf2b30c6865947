import { constants } from "node:fs";
import { chmod, lchown, lstat, lutimes, open, type FileHandle } from "node:fs/promises";
import { resolveBelow } from "@kloset/sdk";
import { hasCode, systemError, withPath } from "../fs/errors.js";
import { splitPathname } from "../fs/pathname.js";
import { throughLink, type Directories, type Directory, type Inode } from "./directories.js";

/** Directories that are remembered. More are looked AT again. */
const REMEMBERED = 4096;

/**
 * Directories as paths, for systems where `DirectoryHandles` can not work.
 * A component is looked AT once: the restore itself never puts a link in the
 * place of a directory (`rename(2)` refuses it), so a directory stays one. Other
 * processes that change the target meanwhile are not guarded against.
 */
export class DirectoryPaths implements Directories {
  readonly #root: string;
  readonly #seen = new Set<string>();

  /** @param root - Without symbolic links, as `realpath` gives it. */
  constructor(root: string) {
    this.#root = root;
  }

  async within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T> {
    await this.#verify(pathname);
    return work({ at: (name) => resolveBelow(this.#pathOf(pathname), name) });
  }

  async inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    if (pathname !== "/") await this.#verify(splitPathname(pathname).parent);
    const path = this.#pathOf(pathname);
    const stats = await lstat(path, { bigint: true });
    // Neither a link nor a socket can be opened.
    if (!stats.isFile() && !stats.isDirectory() && !stats.isFIFO()) {
      const refuse = async (): Promise<never> => {
        throw systemError("ENOTSUP", "not a file, directory or FIFO", path);
      };
      return work({ stats, chmod: refuse, chown: refuse, utimes: refuse });
    }
    let handle: FileHandle;
    try {
      // O_NONBLOCK: opening a FIFO would wait for its other end.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (!hasCode(error, "EACCES")) throw error;
      // The owner's own entry that he may not read: by its path, then, which was no link a moment ago.
      return work({
        stats,
        chmod: (mode) => chmod(path, mode),
        chown: (uid, gid) => lchown(path, uid, gid),
        utimes: (time) => lutimes(path, time, time),
      });
    }
    try {
      return await work({
        stats: await handle.stat({ bigint: true }),
        chmod: (mode) => handle.chmod(mode),
        chown: (uid, gid) => handle.chown(uid, gid),
        utimes: (time) => handle.utimes(time, time),
      });
    } catch (error) {
      throw withPath(error, path);
    } finally {
      await handle.close();
    }
  }

  async renewed(): Promise<void> {
    // Paths lead to what is there.
  }

  async found(): Promise<void> {
    // As above.
  }

  async forget(): Promise<void> {
    this.#seen.clear();
  }

  async close(): Promise<void> {
    this.#seen.clear();
  }

  async #verify(pathname: string): Promise<void> {
    if (pathname === "/" || this.#seen.has(pathname)) return;
    for (let slash = pathname.indexOf("/", 1); ; slash = pathname.indexOf("/", slash + 1)) {
      const at = slash === -1 ? pathname : pathname.slice(0, slash);
      if (!this.#seen.has(at)) await this.#look(at, pathname);
      if (slash === -1) return;
    }
  }

  async #look(at: string, wanted: string): Promise<void> {
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
