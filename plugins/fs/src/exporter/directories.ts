import type { BigIntStats } from "node:fs";
import { systemError, type SystemError } from "../fs/errors.js";

/**
 * The directories below the root of a restore. A whole path is never passed to the
 * system: a snapshot can create symbolic links (`a` to `/etc`), and a path through
 * such a link (`/a/passwd`) would leave the root. Every component is checked, and
 * a symbolic link is refused regardless of its origin. Only the root itself may be
 * a symbolic link, or be below one.
 */
export interface Directories {
  /**
   * Runs `work` with a directory that was reached without following a symbolic
   * link. It stays the same directory until `work` ends.
   *
   * @param pathname - Clean, and absolute from the root of the restore; "/" is the root.
   * @throws SystemError `ELOOP` that names the component that is a symbolic link.
   */
  within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T>;
  /**
   * Runs `work` with an entry of any type, which cannot be exchanged, for a
   * symbolic link or anything else, until `work` ends.
   */
  inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T>;
  /** Drops cached state of a pathname and everything below it, because the directory was just made. */
  renewed(pathname: string): Promise<void>;
  /**
   * Drops cached state of a pathname and everything below it if the cached directory is not the one that is
   * there now. If it was moved away, the cache would still lead to it.
   */
  found(pathname: string, there: Identity): Promise<void>;
  /** Drops all cached state, because another process has changed the directories. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/** The device and inode that identify a directory independently of its name. */
export type Identity = Pick<BigIntStats, "dev" | "ino">;

/** A directory in which entries can be accessed safely. */
export interface Directory {
  /** Returns the path of an entry, for system calls that do not follow a link in the last component. */
  at(name: string): string;
  /** File descriptor of the directory, for a helper process; undefined if directories are plain paths. */
  readonly fd?: number | undefined;
}

/** A held file, directory or special file. For a symbolic link only `stats` may be used. */
export interface Inode {
  readonly stats: BigIntStats;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  /** @param nanoseconds - The access and modification time, in nanoseconds since 1970. */
  utimes(nanoseconds: bigint): Promise<void>;
}

/** Makes the error for a path that leads through a symbolic link. */
export function throughLink(link: string, path: string): SystemError {
  return systemError("ELOOP", `refusing to restore through the symbolic link '${link}'`, path);
}
