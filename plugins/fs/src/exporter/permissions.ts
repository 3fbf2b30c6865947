import { lchown, lstat, lutimes } from "node:fs/promises";
import { fileModeToPosix, isSymlink, resolveBelow, type FileInfo } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import { splitPathname, throughLink, type Directories } from "./directories.js";
import { utimesArgument } from "./utimes-argument.js";

/** The bits that `chmod` sets: setuid, setgid, sticky and the nine permissions. */
const CHMOD_BITS = 0o7777;

/**
 * Sets owner, mode and times, in this order: a change of owner takes setuid and
 * setgid away, and both change nothing of the times. As in Go's exporter only a
 * superuser sets owners, and the access time becomes the modification time.
 *
 * Stops at the first failure: a mode with setuid must not meet the wrong owner.
 *
 * @param root - The root as the user knows it, for messages.
 */
export async function setPermissions(
  directories: Directories,
  root: string,
  pathname: string,
  info: FileInfo,
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
      if (ownerDiffers(stats, info)) await lchown(link, info.uid, info.gid);
      await lutimes(link, time, time);
    });
    return;
  }
  await directories.inode(pathname, async (inode) => {
    if (inode.stats.isSymbolicLink()) throw throughLink(path, path);
    if (ownerDiffers(inode.stats, info)) await inode.chown(info.uid, info.gid);
    await inode.chmod(fileModeToPosix(info.mode) & CHMOD_BITS);
    await inode.utimes(time);
  });
}

function ownerDiffers(stats: { uid: bigint; gid: bigint }, info: FileInfo): boolean {
  return process.geteuid?.() === 0 && (stats.uid !== BigInt(info.uid) || stats.gid !== BigInt(info.gid));
}
