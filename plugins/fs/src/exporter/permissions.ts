import type { BigIntStats } from "node:fs";
import { lchown, lstat, lutimes } from "node:fs/promises";
import { fileModeToPosix, isSymlink, resolveBelow, type FileInfo } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { throughLink, type Directories } from "./directories.js";
import { utimesArgument } from "./utimes-argument.js";

/** The bits that `chmod` sets: setuid, setgid, sticky and the nine permissions. */
const CHMOD_BITS = 0o7777;
const SETUID = 0o4000;
const SETGID = 0o2000;
/** (uid_t) -1, which tells `chown` to leave the owner unchanged. */
const UNCHANGED = 0xffff_ffff;

/** The owner and group of an entry, as in `stat`. */
interface Owner {
  readonly uid: bigint;
  readonly gid: bigint;
}

/**
 * Sets owner, mode and times, in this order: changing the owner clears setuid and
 * setgid, and neither change affects the times. As in Go's exporter, owners are set
 * only by a superuser, and the access time is set to the modification time. Unlike
 * there, setuid and setgid are left out if the owner differs and is not set.
 *
 * Stops at the first failure, so that a file never gets setuid with the wrong owner.
 *
 * @param root - The root's path that the user knows, for messages.
 * @param notices - Receives a notice for bits that are left out.
 */
export async function setPermissions(
  directories: Directories,
  root: string,
  pathname: string,
  info: FileInfo,
  notices: Notices,
): Promise<void> {
  const path = resolveBelow(root, pathname);
  const time = utimesArgument(info.modTime);
  if (isSymlink(info.mode)) {
    if (pathname === "/") throw systemError("EINVAL", "not a symbolic link", path);
    const { parent, name } = splitPathname(pathname);
    await directories.within(parent, async (directory) => {
      const link = directory.at(name);
      const stats = await lstat(link, { bigint: true });
      if (!stats.isSymbolicLink()) throw systemError("EINVAL", "not a symbolic link", path);
      if (ownerDiffers(stats, info, path)) await lchown(link, info.uid, info.gid);
      await lutimes(link, time, time);
    });
    return;
  }
  await directories.inode(pathname, async (inode) => {
    if (inode.stats.isSymbolicLink()) throw throughLink(path, path);
    if (ownerDiffers(inode.stats, info, path)) await inode.chown(info.uid, info.gid);
    await inode.chmod(modeFor(inode.stats, info, path, notices));
    await inode.utimes(time);
  });
}

/** @throws SystemError for an id that cannot be set: the file would stay owned by root, with setuid. */
function ownerDiffers(stats: Owner, info: FileInfo, path: string): boolean {
  if (!setsOwners()) return false;
  for (const [what, id] of [
    ["owner", info.uid],
    ["group", info.gid],
  ] as const) {
    if (id !== UNCHANGED) continue;
    throw systemError("EINVAL", `cannot set the ${what} to ${id}: chown takes this id as "leave unchanged"`, path);
  }
  return stats.uid !== BigInt(info.uid) || stats.gid !== BigInt(info.gid);
}

function setsOwners(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Drops setuid and setgid from a file whose owner or group differs and cannot be
 * set: a program of root's would otherwise run as the restoring user, for everybody.
 * A directory keeps setgid, which gives no such right.
 */
function modeFor(stats: BigIntStats, info: FileInfo, path: string, notices: Notices): number {
  const mode = fileModeToPosix(info.mode) & CHMOD_BITS;
  if (setsOwners()) return mode;
  const foreignUser = stats.uid !== BigInt(info.uid) ? SETUID : 0;
  const foreignGroup = stats.gid !== BigInt(info.gid) && !stats.isDirectory() ? SETGID : 0;
  const leftOut = mode & (foreignUser | foreignGroup);
  if (leftOut !== 0) {
    notices.once("setuid and setgid are left out because only a superuser can restore the owner and group", path);
  }
  return mode & ~leftOut;
}
