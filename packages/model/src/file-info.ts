import { fileModeFromPosix, fileModeOf, type FileType } from "./file-mode.js";

/** What is known of an entry: what `stat(2)` says, in Plakar's terms. */
export interface FileInfo {
  /**
   * The last component of the pathname, "/" for the root. Importers may leave it
   * empty: the SDK sets it from the pathname, because a wrong one breaks hosts.
   */
  readonly name: string;
  /**
   * Bytes; 0 when not known, as in v1.0's `setPermissions`. Hosts keep what was read and take the size from that: where
   * an entry's own `read` gives another number than was said here, a line on stderr tells both.
   */
  readonly size: number;
  /** Go's `fs.FileMode`: see {@link FileMode}. Not POSIX's `st_mode`. */
  readonly mode: number;
  /** Time of the last change of the content, in nanoseconds since 1970 (UTC). May be negative. */
  readonly modTime: bigint;
  /** Device that holds the entry. With `ino` it tells hard links. */
  readonly dev: bigint;
  /** Inode. */
  readonly ino: bigint;
  /** Numeric owner. */
  readonly uid: number;
  /** Numeric group. */
  readonly gid: number;
  /** How many names the inode has. Above 1, equal `dev` and `ino` mean one file. The wire holds 16 bits. */
  readonly nlink: number;
  /** Name of the owner, empty when unknown. */
  readonly username: string;
  /** Name of the group, empty when unknown. */
  readonly groupname: string;
  /** BSD file flags; 0 elsewhere. */
  readonly flags: number;
}

/** The part of Node's `BigIntStats` that {@link fileInfoFromStats} reads. */
export interface StatsLike {
  readonly size: bigint;
  /** POSIX's `st_mode`. */
  readonly mode: bigint;
  readonly mtimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: bigint;
}

/** What {@link fileInfoFromStats} can not read from a stat. */
export type FileInfoExtras = Partial<Pick<FileInfo, "name" | "username" | "groupname" | "flags">>;

/** The largest link count that the wire holds. */
const NLINK_MAX = 0xffff;

/**
 * Makes a {@link FileInfo} from what Node's `lstat(path, { bigint: true })`
 * answers. Names of owner and group are not part of a stat: give them as extras.
 *
 * @throws RangeError for a size above 2^53 − 1 bytes.
 */
export function fileInfoFromStats(stats: StatsLike, extras: FileInfoExtras = {}): FileInfo {
  if (stats.size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`a file of ${String(stats.size)} bytes is larger than 2^53 - 1`);
  }
  return {
    name: extras.name ?? "",
    size: Number(stats.size),
    mode: fileModeFromPosix(Number(stats.mode)),
    modTime: stats.mtimeNs,
    dev: BigInt.asUintN(64, stats.dev),
    ino: BigInt.asUintN(64, stats.ino),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    // The host keeps 16 bits: cut there, a count of 65,536 would say "no links".
    nlink: stats.nlink > BigInt(NLINK_MAX) ? NLINK_MAX : Number(stats.nlink),
    username: extras.username ?? "",
    groupname: extras.groupname ?? "",
    flags: extras.flags ?? 0,
  };
}

/** What {@link fileInfoOf} takes: everything has a default. */
export interface FileInfoInit {
  /** Default `"file"`. */
  type?: FileType;
  /** The twelve low bits of `chmod`. Default 0o755 for directories, 0o777 for symbolic links, else 0o644. */
  permissions?: number;
  /** Bytes. Default 0. */
  size?: number;
  /** A date, or nanoseconds since 1970. Default: 1970-01-01, so that a second scan says the same. */
  modTime?: Date | bigint;
  name?: string;
  dev?: bigint;
  ino?: bigint;
  uid?: number;
  gid?: number;
  nlink?: number;
  username?: string;
  groupname?: string;
  flags?: number;
}

function defaultPermissions(type: FileType): number {
  if (type === "directory") return 0o755;
  return type === "symlink" ? 0o777 : 0o644;
}

/**
 * Makes a {@link FileInfo} from plain values, for sources that are no file
 * system.
 *
 * @example
 * fileInfoOf({ size: 12, modTime: new Date("2026-01-01") })
 * @example
 * fileInfoOf({ type: "directory" })
 * @throws RangeError for an unknown type, permissions outside 0 to 0o7777 or an invalid date.
 */
export function fileInfoOf(init: FileInfoInit = {}): FileInfo {
  const type = init.type ?? "file";
  return {
    name: init.name ?? "",
    size: init.size ?? 0,
    mode: fileModeOf(type, init.permissions ?? defaultPermissions(type)),
    modTime: init.modTime instanceof Date ? nanosecondsOf(init.modTime) : (init.modTime ?? 0n),
    dev: init.dev ?? 0n,
    ino: init.ino ?? 0n,
    uid: init.uid ?? 0,
    gid: init.gid ?? 0,
    nlink: init.nlink ?? 1,
    username: init.username ?? "",
    groupname: init.groupname ?? "",
    flags: init.flags ?? 0,
  };
}

/**
 * @returns Nanoseconds since 1970, as {@link FileInfo.modTime} has them.
 * @throws RangeError for an invalid date.
 */
export function nanosecondsOf(date: Date): bigint {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError("modTime is an invalid date");
  return BigInt(ms) * 1_000_000n;
}
