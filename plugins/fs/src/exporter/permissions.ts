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
/** (uid_t) -1: `chown` takes it for "as it is". */
const UNCHANGED = 0xffff_ffff;

/** Who owns an entry, as the system says it. */
interface Owner {
  readonly uid: bigint;
  readonly gid: bigint;
}

/**
 * Sets owner, mode and times, in this order: a change of owner takes setuid and
 * setgid away, and both change nothing of the times. As in Go's exporter only a
 * superuser sets owners, and the access time becomes the modification time.
 * Where the owner stays another, setuid and setgid are left out, unlike there.
 *
 * Stops AT the first failure: a mode with setuid must not meet the wrong owner.
 *
 * @param root - The root as the user knows it, for messages.
 * @param notices - Is told of what is left out.
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

/** @throws SystemError for an owner that can not be set: the file would stay root's, with all its rights. */
function ownerDiffers(stats: Owner, info: FileInfo, path: string): boolean {
  if (!setsOwners()) return false;
  for (const [what, id] of [
    ["owner", info.uid],
    ["group", info.gid],
  ] as const) {
    if (id !== UNCHANGED) continue;
    throw systemError("EINVAL", `the ${what} ${id} can not be set: to the system it means "as it is"`, path);
  }
  return stats.uid !== BigInt(info.uid) || stats.gid !== BigInt(info.gid);
}

function setsOwners(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * With setuid a file runs as its owner, who is whoever restores when he can not
 * give it away: root's program would be his, for everybody to run. A directory's
 * setgid gives no such right.
 */
function modeFor(stats: BigIntStats, info: FileInfo, path: string, notices: Notices): number {
  const mode = fileModeToPosix(info.mode) & CHMOD_BITS;
  if (setsOwners()) return mode;
  const foreignUser = stats.uid !== BigInt(info.uid) ? SETUID : 0;
  const foreignGroup = stats.gid !== BigInt(info.gid) && !stats.isDirectory() ? SETGID : 0;
  const leftOut = mode & (foreignUser | foreignGroup);
  if (leftOut !== 0) {
    notices.once("setuid and setgid are left out of what can not be given to its owner, which takes a superuser", path);
  }
  return mode & ~leftOut;
}
