import { constants } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolveBelow } from "@kloset/sdk";
import { chmod, chown, closeFile, lstat, openFile, statFile } from "../fs/calls.js";
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
  /** -1 once it is closed: the system reuses the number. */
  fd: number;
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

  private constructor(path: string, fd: number, kept: number) {
    this.#path = path;
    this.#kept = kept;
    // This object is the first user of the root, until close().
    this.#root = { pathname: "/", fd, users: 1 };
  }

  /**
   * @param root - The directory's path as the user wrote it.
   * @returns undefined if the system does not support it: not Linux, or no `/proc`.
   * @throws The error of opening the root.
   */
  static async open(root: string): Promise<DirectoryHandles | undefined> {
    if (process.platform !== "linux") return undefined;
    const fd = await openFile(root, O_PATH | constants.O_DIRECTORY);
    try {
      const own = await statFile(fd);
      const seen = await stat(pathOf(fd), { bigint: true });
      if (own.ino === seen.ino && own.dev === seen.dev) {
        return new DirectoryHandles(root, fd, await keptOf());
      }
    } catch {
      // No /proc, as in a bare chroot.
    }
    await closeFile(fd);
    return undefined;
  }

  async within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T> {
    const slot = await this.#acquire(pathname);
    const path = pathOf(slot.fd);
    try {
      return await work({ at: (name) => `${path}/${name}`, fd: slot.fd });
    } catch (error) {
      throw withoutAlias(error, path, this.#nameOf(pathname));
    } finally {
      await this.#release(slot);
    }
  }

  async inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    if (pathname === "/") return this.within(pathname, () => this.#hold(pathname, this.#root.fd, work));
    const { parent, name } = splitPathname(pathname);
    return this.within(parent, async (directory) => {
      const fd = await this.#openHandle(directory.at(name), O_PATH | constants.O_NOFOLLOW);
      try {
        return await this.#hold(pathname, fd, work);
      } finally {
        await closeFile(fd);
      }
    });
  }

  async renewed(pathname: string): Promise<void> {
    for (const [at, slot] of this.#slots) {
      if (at !== pathname && !at.startsWith(`${pathname}/`)) continue;
      this.#slots.delete(at);
      if (slot.users === 0) await closeSlot(slot);
    }
  }

  async found(pathname: string, there: Identity): Promise<void> {
    const kept = await this.#identityOf(pathname);
    // Even if this directory is not cached, directories below it may be.
    if (kept?.ino !== there.ino || kept.dev !== there.dev) await this.renewed(pathname);
  }

  async #identityOf(pathname: string): Promise<Identity | undefined> {
    const slot = this.#take(pathname);
    if (slot === undefined) return undefined;
    try {
      return await statFile(slot.fd);
    } finally {
      await this.#release(slot);
    }
  }

  async forget(): Promise<void> {
    // Decided before the first wait: the last user of another slot closes it.
    const unused = [...this.#slots.values()].filter(({ users }) => users === 0);
    this.#slots.clear();
    for (const slot of unused) await closeSlot(slot);
  }

  async close(): Promise<void> {
    await this.forget();
    // A call that is still running closes it at its end.
    await this.#release(this.#root);
  }

  async #hold<T>(pathname: string, fd: number, work: (inode: Inode) => Promise<T>): Promise<T> {
    // Through /proc, because the system refuses changes through an O_PATH handle itself.
    const path = pathOf(fd);
    try {
      return await work({
        stats: await statFile(fd),
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
    const directory = pathOf(above.fd);
    const path = `${directory}/${splitPathname(pathname).name}`;
    let fd: number;
    try {
      fd = await this.#openHandle(path, DIRECTORY);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ELOOP") && (await isLink(path))) {
        throw throughLink(this.#nameOf(pathname), this.#nameOf(wanted));
      }
      throw withoutAlias(error, directory, this.#nameOf(above.pathname));
    }
    const twin = this.#take(pathname);
    if (twin !== undefined) {
      await closeFile(fd);
      return twin;
    }
    const slot = { pathname, fd, users: 1 };
    this.#slots.set(pathname, slot);
    return slot;
  }

  /** Opens a path. If no file descriptor is left, closes the unused directories and retries. */
  async #openHandle(path: string, flags: number): Promise<number> {
    try {
      return await openFile(path, flags);
    } catch (error) {
      if (!hasCode(error, "EMFILE", "ENFILE")) throw error;
      await this.forget();
      return openFile(path, flags);
    }
  }

  async #release(slot: Slot): Promise<void> {
    slot.users--;
    if (slot.users === 0 && this.#slots.get(slot.pathname) !== slot) await closeSlot(slot);
    for (const [pathname, oldest] of this.#slots) {
      if (this.#slots.size <= this.#kept) return;
      if (oldest.users > 0) continue;
      this.#slots.delete(pathname);
      await closeSlot(oldest);
    }
  }
}

/** Returns how many unused directories to keep open: fewer if the process may open few files. */
async function keptOf(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? KEPT_MAX : Math.min(KEPT_MAX, Math.floor(Number(soft) / DESCRIPTORS_PER_KEPT));
}

async function closeSlot(slot: Slot): Promise<void> {
  const { fd } = slot;
  slot.fd = -1;
  await closeFile(fd);
}

function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}
