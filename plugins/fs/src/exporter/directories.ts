import type { BigIntStats } from "node:fs";
import { systemError, type SystemError } from "../fs/errors.js";

/**
 * The directories below the root of a restore. No path is ever given to the
 * system whole: a restore makes symbolic links that a snapshot names (`a` to
 * `/etc`), and a path that goes through one (`/a/passwd`) would leave the root.
 * Every component is looked AT; one that is a symbolic link is refused, whoever
 * made it. Only the root itself may be, or be below, a symbolic link.
 */
export interface Directories {
  /**
   * Runs `work` with a directory that was not reached through a symbolic link,
   * and stays the same directory meanwhile.
   *
   * @param pathname - Clean and absolute below the root; "/" is the root.
   * @throws SystemError `ELOOP` that names the component that is a symbolic link.
   */
  within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T>;
  /**
   * Runs `work` with an entry of any type, held so that it can not be exchanged
   * meanwhile: not for a symbolic link, either.
   */
  inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T>;
  /** Forgets what was seen AT a pathname and below: the directory there was made just now. */
  renewed(pathname: string): Promise<void>;
  /**
   * Forgets what was seen AT a pathname and below when it is another directory than the one there now, as after that
   * one was moved away: what is kept would still lead to it.
   */
  found(pathname: string, there: Identity): Promise<void>;
  /** Forgets what was seen: something else has changed the directories. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/** By which the system knows a directory, whatever its name is. */
export type Identity = Pick<BigIntStats, "dev" | "ino">;

/** A directory that is safe to work in. */
export interface Directory {
  /** @returns The path of an entry, for system calls that do not follow links in the last component. */
  at(name: string): string;
  /** Descriptor of the directory, for a helper process; undefined where directories are plain paths. */
  readonly fd?: number | undefined;
}

/** A file, directory or special file that is held. Of a symbolic link only `stats` may be used. */
export interface Inode {
  readonly stats: BigIntStats;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  /** @param time - For access and modification: see `utimesArgument`. */
  utimes(time: string): Promise<void>;
}

/** What a restore answers when a symbolic link is in its way. */
export function throughLink(link: string, path: string): SystemError {
  return systemError("ELOOP", `a restore does not go through symbolic links, and '${link}' is one`, path);
}
