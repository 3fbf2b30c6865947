import { constants } from "node:fs";
import { chmod, chown, lstat, open, readFile, stat, type FileHandle } from "node:fs/promises";
import { resolveBelow } from "@kloset/sdk";
import { hasCode, withoutAlias } from "../fs/errors.js";
import { splitPathname } from "../fs/pathname.js";
import { throughLink, type Directories, type Directory, type Identity, type Inode } from "./directories.js";
import { setTimes } from "./set-times.js";

/** Linux' O_PATH, which Node does not export: holds an entry of any type and mode without opening it. */
const O_PATH = 0o10000000;
const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Maximum number of unused directories that are kept open. */
const KEPT_MAX = 64;
/** Kept directories use at most one in this many of the process's file descriptors. */
const DESCRIPTORS_PER_KEPT = 8;

interface Slot {
  readonly pathname: string;
  readonly handle: FileHandle;
  users: number;
}

/**
 * Directories as open handles, each opened by name in its parent. Entries are
 * reached through `/proc/self/fd`, so no other process can insert a link into the
 * path, and a path may be longer than the system's limit.
 */
export class DirectoryHandles implements Directories {
  readonly #path: string;
  readonly #root: Slot;
  /**
   * By pathname, without the root, least recently used first. A slot that is removed while in use is closed by
   * its last user.
   */
  readonly #slots = new Map<string, Slot>();
  readonly #kept: number;

  private constructor(path: string, handle: FileHandle, kept: number) {
    this.#path = path;
    this.#kept = kept;
    // This object is the first user of the root, until close().
    this.#root = { pathname: "/", handle, users: 1 };
  }

  /**
   * @param root - The directory's path as the user wrote it.
   * @returns undefined if the system does not support it: not Linux, or no `/proc`.
   * @throws The error of opening the root.
   */
  static async open(root: string): Promise<DirectoryHandles | undefined> {
    if (process.platform !== "linux") return undefined;
    const handle = await open(root, O_PATH | constants.O_DIRECTORY);
    try {
      const own = await handle.stat({ bigint: true });
      const seen = await stat(pathOfHandle(handle), { bigint: true });
      if (own.ino === seen.ino && own.dev === seen.dev) {
        return new DirectoryHandles(root, handle, await keptOf());
      }
    } catch {
      // No /proc, as in a bare chroot.
    }
    await handle.close();
    return undefined;
  }

  async within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T> {
    const slot = await this.#acquire(pathname);
    const path = pathOfHandle(slot.handle);
    try {
      return await work({ at: (name) => `${path}/${name}`, fd: slot.handle.fd });
    } catch (error) {
      throw withoutAlias(error, path, this.#nameOf(pathname));
    } finally {
      await this.#release(slot);
    }
  }

  async inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    if (pathname === "/") return this.#hold(pathname, this.#root.handle, work);
    const { parent, name } = splitPathname(pathname);
    return this.within(parent, async (directory) => {
      const handle = await this.#openHandle(directory.at(name), O_PATH | constants.O_NOFOLLOW);
      try {
        return await this.#hold(pathname, handle, work);
      } finally {
        await handle.close();
      }
    });
  }

  async renewed(pathname: string): Promise<void> {
    for (const [at, slot] of this.#slots) {
      if (at !== pathname && !at.startsWith(`${pathname}/`)) continue;
      this.#slots.delete(at);
      if (slot.users === 0) await slot.handle.close();
    }
  }

  async found(pathname: string, there: Identity): Promise<void> {
    const kept = await this.#slots.get(pathname)?.handle.stat({ bigint: true });
    // Even if this directory is not cached, directories below it may be.
    if (kept?.ino !== there.ino || kept.dev !== there.dev) await this.renewed(pathname);
  }

  async forget(): Promise<void> {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const slot of slots) if (slot.users === 0) await slot.handle.close();
  }

  async close(): Promise<void> {
    await this.forget();
    await this.#root.handle.close();
  }

  async #hold<T>(pathname: string, handle: FileHandle, work: (inode: Inode) => Promise<T>): Promise<T> {
    // Through /proc, because the system refuses changes through an O_PATH handle itself.
    const path = pathOfHandle(handle);
    try {
      return await work({
        stats: await handle.stat({ bigint: true }),
        chmod: (mode) => chmod(path, mode),
        chown: (uid, gid) => chown(path, uid, gid),
        utimes: (nanoseconds) => setTimes({ path }, nanoseconds),
      });
    } catch (error) {
      throw withoutAlias(error, path, this.#nameOf(pathname));
    }
  }

  #nameOf(pathname: string): string {
    return resolveBelow(this.#path, pathname);
  }

  /** Marks a directory as used. Opens it, and every directory between it and the nearest open one, if needed. */
  async #acquire(pathname: string): Promise<Slot> {
    let at = pathname;
    while (at !== "/" && !this.#slots.has(at)) at = splitPathname(at).parent;
    let slot = this.#take(at) ?? this.#root;
    while (at !== pathname) {
      const slash = pathname.indexOf("/", at === "/" ? 1 : at.length + 1);
      at = slash === -1 ? pathname : pathname.slice(0, slash);
      const above = slot;
      try {
        // Another call may have opened it in the meantime.
        slot = this.#take(at) ?? (await this.#open(at, above, pathname));
      } finally {
        await this.#release(above);
      }
    }
    return slot;
  }

  /** Marks a directory as used if it is open. */
  #take(pathname: string): Slot | undefined {
    const slot = pathname === "/" ? this.#root : this.#slots.get(pathname);
    if (slot === undefined) return undefined;
    slot.users++;
    if (this.#slots.delete(pathname)) this.#slots.set(pathname, slot);
    return slot;
  }

  async #open(pathname: string, above: Slot, wanted: string): Promise<Slot> {
    const directory = pathOfHandle(above.handle);
    const path = `${directory}/${splitPathname(pathname).name}`;
    let handle: FileHandle;
    try {
      handle = await this.#openHandle(path, DIRECTORY);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ELOOP") && (await isLink(path))) {
        throw throughLink(this.#nameOf(pathname), this.#nameOf(wanted));
      }
      throw withoutAlias(error, directory, this.#nameOf(above.pathname));
    }
    const twin = this.#take(pathname);
    if (twin !== undefined) {
      await handle.close();
      return twin;
    }
    const slot = { pathname, handle, users: 1 };
    this.#slots.set(pathname, slot);
    return slot;
  }

  /** Opens a path. If no file descriptor is left, closes the unused directories and retries. */
  async #openHandle(path: string, flags: number): Promise<FileHandle> {
    try {
      return await open(path, flags);
    } catch (error) {
      if (!hasCode(error, "EMFILE", "ENFILE")) throw error;
      await this.forget();
      return open(path, flags);
    }
  }

  async #release(slot: Slot): Promise<void> {
    slot.users--;
    if (slot.users === 0 && this.#slots.get(slot.pathname) !== slot) await slot.handle.close();
    for (const [pathname, oldest] of this.#slots) {
      if (this.#slots.size <= this.#kept) return;
      if (oldest.users > 0) continue;
      this.#slots.delete(pathname);
      await oldest.handle.close();
    }
  }
}

/** Returns how many unused directories to keep open: fewer if the process may open few files. */
async function keptOf(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? KEPT_MAX : Math.min(KEPT_MAX, Math.floor(Number(soft) / DESCRIPTORS_PER_KEPT));
}

function pathOfHandle(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}
