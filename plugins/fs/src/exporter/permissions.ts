import { fchmodSync, fchownSync, fstatSync, type BigIntStats } from "node:fs";
import { fileInfoOf, fileModeToPosix, isSymlink, resolveBelow, type FileInfo } from "@kloset/sdk";
import { chmodFile, chownFile, lchown, lstat, statFile } from "../fs/calls.js";
import { systemError } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { throughLink, type Directories, type Inode } from "./directories.js";
import { isRefusal, noteRefusal } from "./refusals.js";
import { setTimes } from "./set-times.js";

/** The bits that `chmod` sets: setuid, setgid, sticky and the nine permissions. */
const CHMOD_BITS = 0o7777;
const NINE_PERMISSIONS = 0o777;
const SETUID = 0o4000;
const SETGID = 0o2000;
/** (uid_t) -1, which tells `chown` to leave the owner unchanged. */
const UNCHANGED = 0xffff_ffff;

/** The values of the option `owner`. */
export const OWNER_POLICIES = ["auto", "require", "ignore"] as const;

/**
 * The treatment of owners. "auto" sets them as a superuser, and continues if the target refuses; "require" fails an
 * entry whose owner is not set; "ignore" sets none.
 */
export type OwnerPolicy = (typeof OWNER_POLICIES)[number];

/** The owner and group of an entry, as in `stat`. */
interface Owner {
  readonly uid: bigint;
  readonly gid: bigint;
}

/**
 * Sets owner, mode and times, in this order: changing the owner clears setuid and
 * setgid, and neither change affects the times. As in Go's exporter, owners are set
 * only by a superuser, and the access time is set to the modification time.
 *
 * If the target refuses one of them, the others are set, and the user receives one
 * notice. A file never gets setuid with the wrong owner, nor setgid with the wrong
 * group.
 */
export class Permissions {
  readonly #directories: Directories;
  readonly #root: string;
  readonly #notices: Notices;
  readonly #owner: OwnerPolicy;

  /** @param root - The root's path that the user knows, for messages. */
  constructor(directories: Directories, root: string, notices: Notices, owner: OwnerPolicy) {
    this.#directories = directories;
    this.#root = root;
    this.#notices = notices;
    this.#owner = owner;
  }

  /** @throws SystemError for an entry of another type, or that cannot be reached. */
  async set(pathname: string, info: FileInfo): Promise<void> {
    const path = resolveBelow(this.#root, pathname);
    if (isSymlink(info.mode)) {
      await this.#setLink(pathname, path, info);
      return;
    }
    await this.#directories.inode(pathname, async (inode) => {
      if (inode.stats.isSymbolicLink()) throw throughLink(path, path);
      const owned = await this.#setOwner(inode.stats, info, path, () => inode.chown(info.uid, info.gid));
      await this.#setMode(inode, owned ? modeOf(info) : this.#modeWithoutOwner(inode.stats, info, path), path);
      await this.#unlessRefused("times not set", path, () => inode.utimes(info.modTime));
    });
  }

  /**
   * Sets owner and mode of a file that is open and has no name yet.
   *
   * @returns False if the target refuses anything. Then `set` must be called: it reports that, or does without.
   */
  async setOpen(fd: number, info: FileInfo): Promise<boolean> {
    const { uid, gid } = info;
    try {
      if (this.#mayChown(info)) await chownFile(fd, uid, gid);
      else if (!isOwnedAs(await statFile(fd), info)) return false;
      await chmodFile(fd, modeOf(info));
      return true;
    } catch {
      return false;
    }
  }

  /** Does the same as {@link Permissions.setOpen}, and blocks the event loop. */
  setOpenNow(fd: number, info: FileInfo): boolean {
    const { uid, gid } = info;
    try {
      if (this.#mayChown(info)) fchownSync(fd, uid, gid);
      else if (!isOwnedAs(fstatSync(fd, { bigint: true }), info)) return false;
      fchmodSync(fd, modeOf(info));
      return true;
    } catch {
      return false;
    }
  }

  #mayChown({ uid, gid }: FileInfo): boolean {
    return this.#owner !== "ignore" && process.geteuid?.() === 0 && uid !== UNCHANGED && gid !== UNCHANGED;
  }

  /**
   * Sets the times of a file.
   *
   * @param path - Of the new file. Its last component is not followed.
   * @returns False if the target refuses it: see {@link Permissions.setOpen}.
   */
  async setTimesOf(path: string, info: FileInfo): Promise<boolean> {
    return setTimes({ link: path }, info.modTime).then(isTrue, isFalse);
  }

  /** Sets owner, mode and times as another file has them. */
  async copy(stats: BigIntStats, pathname: string): Promise<void> {
    const { uid, gid, mode, mtimeNs } = stats;
    const permissions = Number(mode) & CHMOD_BITS;
    await this.set(
      pathname,
      fileInfoOf({ type: "file", permissions, uid: Number(uid), gid: Number(gid), modTime: mtimeNs }),
    );
  }

  async #setLink(pathname: string, path: string, info: FileInfo): Promise<void> {
    if (pathname === "/") throw systemError("EINVAL", "not a symbolic link", path);
    const { parent, name } = splitPathname(pathname);
    await this.#directories.within(parent, async (directory) => {
      const link = directory.at(name);
      const stats = await lstat(link);
      if (!stats.isSymbolicLink()) throw systemError("EINVAL", "not a symbolic link", path);
      await this.#setOwner(stats, info, path, () => lchown(link, info.uid, info.gid));
      await this.#unlessRefused("times not set", path, () => setTimes({ link }, info.modTime));
    });
  }

  /** @returns True if the entry has the owner and group of the snapshot. */
  async #setOwner(stats: Owner, info: FileInfo, path: string, chown: () => Promise<void>): Promise<boolean> {
    const { uid, gid } = info;
    if (isOwnedAs(stats, info)) return true;
    if (this.#owner === "ignore") return false;
    try {
      if (process.geteuid?.() !== 0) {
        throw systemError("EPERM", `cannot set the owner to ${uid}:${gid}: only a superuser can`, path);
      }
      for (const [what, id] of [
        ["owner", uid],
        ["group", gid],
      ] as const) {
        if (id !== UNCHANGED) continue;
        throw systemError("EINVAL", `cannot set the ${what} to ${id}: chown takes this id as "leave unchanged"`, path);
      }
      await chown();
      return true;
    } catch (error) {
      if (this.#owner === "require" || !isRefusal(error)) throw error;
      if (process.geteuid?.() === 0) noteRefusal(this.#notices, "owners not set", error, path);
      else this.#notices.count("owners not set");
      return false;
    }
  }

  async #setMode(inode: Inode, mode: number, path: string): Promise<void> {
    try {
      await inode.chmod(mode);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A sandbox may refuse only setuid and setgid, and other systems the sticky bit of a file.
      const plain = mode & NINE_PERMISSIONS;
      const isPlainSet = mode !== plain && (await inode.chmod(plain).then(isTrue, isFalse));
      noteRefusal(this.#notices, isPlainSet ? "setuid, setgid or sticky bit not set" : "modes not set", error, path);
    }
  }

  async #unlessRefused(kind: string, path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      noteRefusal(this.#notices, kind, error, path);
    }
  }

  /**
   * Drops setuid and setgid from a file whose owner or group differs and is not set:
   * a program of root's would otherwise run as the restoring user, for everybody. A
   * directory keeps setgid, which gives no such right.
   */
  #modeWithoutOwner(stats: BigIntStats, info: FileInfo, path: string): number {
    const mode = modeOf(info);
    const foreignUser = stats.uid !== BigInt(info.uid) ? SETUID : 0;
    const foreignGroup = stats.gid !== BigInt(info.gid) && !stats.isDirectory() ? SETGID : 0;
    const leftOut = mode & (foreignUser | foreignGroup);
    if (leftOut !== 0 && this.#owner !== "ignore") {
      const kind = "setuid and setgid left out";
      this.#notices.once(`${kind} of files whose owner or group is not set`, path);
      this.#notices.count(kind);
    }
    return mode & ~leftOut;
  }
}

function isOwnedAs(stats: Owner, { uid, gid }: FileInfo): boolean {
  return stats.uid === BigInt(uid) && stats.gid === BigInt(gid);
}

function modeOf(info: FileInfo): number {
  return fileModeToPosix(info.mode) & CHMOD_BITS;
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;
