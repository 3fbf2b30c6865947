import { fileModeFromPosix, fileModeOf, type FileType } from "./file-mode.js";

/**
 * Metadata of an entry: the result of `stat(2)` in Plakar's representation.
 *
 * Hosts compare it with that of the last snapshot and read a file again only if they differ: in `mode`, `modTime`,
 * `dev`, `ino`, `uid`, `gid`, `nlink`, `username`, `groupname`, or a known `size`. So it must change whenever the
 * content changes, or the backup keeps the old content; and it must not change otherwise, or every backup reads the
 * file again. A revision number of the source can go into `ino`, for example. Never use the time of the scan.
 */
export interface FileInfo {
  /**
   * The last component of the pathname, "/" for the root. Importers may leave it
   * empty: the SDK always derives it from the pathname, because hosts break on any other name.
   */
  readonly name: string;
  /**
   * Size in bytes; absent if unknown, as in `setPermissions` from v1.0 hosts. Hosts then leave the size out of the
   * comparison with the last snapshot, and derive it from the bytes read. Do not send 0 instead: a file of 0 bytes that
   * yields some is read again in every backup. If an entry's own `read` yields a different number of bytes, a warning on
   * stderr names both.
   */
  readonly size?: number | undefined;
  /** A Go `fs.FileMode`, not a POSIX `st_mode`: see {@link FileMode}, and convert with `fileModeFromPosix`. */
  readonly mode: number;
  /** Modification time in nanoseconds since 1970 (UTC). May be negative. */
  readonly modTime: bigint;
  /** Device ID. Together with `ino`, identifies hard links. */
  readonly dev: bigint;
  /** Inode number. */
  readonly ino: bigint;
  /** Numeric user ID of the owner. */
  readonly uid: number;
  /** Numeric group ID. */
  readonly gid: number;
  /** Number of hard links. If it exceeds 1, entries with equal `dev` and `ino` are one file. 16 bits on the wire. */
  readonly nlink: number;
  /** Name of the owner; empty if unknown. */
  readonly username: string;
  /** Name of the group; empty if unknown. */
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

/** Fields that {@link fileInfoFromStats} cannot derive from a stat. */
export type FileInfoExtras = Partial<Pick<FileInfo, "name" | "username" | "groupname" | "flags">>;

/** The largest link count that fits on the wire. */
const NLINK_MAX = 0xffff;

/**
 * Converts the result of Node's `lstat(path, { bigint: true })` to a
 * {@link FileInfo}. A stat has no owner or group names: pass them as `extras`.
 *
 * A size above 2^53 − 1 bytes does not throw, as in {@link fileInfoOf}.
 */
export function fileInfoFromStats(stats: StatsLike, extras: FileInfoExtras = {}): FileInfo {
  return {
    name: extras.name ?? "",
    size: sizeOf(stats.size),
    mode: fileModeFromPosix(Number(stats.mode)),
    modTime: stats.mtimeNs,
    dev: BigInt.asUintN(64, stats.dev),
    ino: BigInt.asUintN(64, stats.ino),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    // Clamp: truncated to 16 bits, a count of 65,536 would become 0, meaning no links.
    nlink: stats.nlink > BigInt(NLINK_MAX) ? NLINK_MAX : Number(stats.nlink),
    username: extras.username ?? "",
    groupname: extras.groupname ?? "",
    flags: extras.flags ?? 0,
  };
}

/** Options of {@link fileInfoOf}. Every field has a default. */
export interface FileInfoInit {
  /** Default: `"file"`. */
  type?: FileType;
  /** Low twelve bits, as for `chmod`. Default: 0o755 for directories, 0o777 for symbolic links, otherwise 0o644. */
  permissions?: number;
  /** Size in bytes. Default: unknown for files, which are not taken for empty; otherwise 0. */
  size?: number | undefined;
  /** A date, or nanoseconds since 1970. Default: 1970-01-01, so that repeated scans agree. */
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

/*
 * The next three functions return the error in place of an invalid value. The importer throws it when it checks the
 * entry, whose pathname is known there.
 */

function sizeOf(size: bigint): number {
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(size);
  return new RangeError(`a file of ${String(size)} bytes is larger than 2^53 - 1`) as unknown as number;
}

function modeOf(type: FileType, permissions: number): number {
  try {
    return fileModeOf(type, permissions);
  } catch (error) {
    return error as number;
  }
}

function timeOf(time: Date | bigint = 0n): bigint {
  if (!(time instanceof Date)) return time;
  try {
    return nanosecondsOf(time);
  } catch (error) {
    return error as bigint;
  }
}

function defaultPermissions(type: FileType): number {
  if (type === "directory") return 0o755;
  return type === "symlink" ? 0o777 : 0o644;
}

/**
 * Creates a {@link FileInfo} from plain values, for sources other than file
 * systems.
 *
 * Never throws for an invalid value, because that would end the scan that yields the entry. The field holds the error
 * instead (an unknown type, permissions outside 0 to 0o7777, an invalid date) or the invalid value. The SDK then
 * reports the entry as an error that names the value, and the scan continues.
 *
 * @example
 * fileInfoOf({ size: 12, modTime: new Date("2026-01-01") })
 * @example
 * fileInfoOf({ type: "directory" })
 */
export function fileInfoOf(init: FileInfoInit = {}): FileInfo {
  const { type = "file", size = type === "file" ? undefined : 0, permissions = defaultPermissions(type) } = init;
  return {
    name: init.name ?? "",
    size,
    mode: modeOf(type, permissions),
    modTime: timeOf(init.modTime),
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
 * Converts a date to nanoseconds since 1970, the unit of {@link FileInfo.modTime}.
 *
 * @throws RangeError for an invalid date.
 */
export function nanosecondsOf(date: Date): bigint {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError("modTime is an invalid date");
  return BigInt(ms) * 1_000_000n;
}
