import { InvalidValue, OutOfRange } from "@kloset/wire/grpc";
import { baseName, isFileMode, isRegularFile, type FileInfo } from "@kloset/model";
import { checkText, isUint } from "./checks.js";
import { describe } from "./describe.js";

/** The wire format of a file info, in both generations. */
export interface WireFileInfo {
  readonly name: string;
  /** {@link UNKNOWN_SIZE} or less if unknown. */
  readonly size: bigint;
  readonly mode: number;
  readonly modTime: WireTime;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: number;
  readonly username: string;
  readonly groupname: string;
  readonly flags: number;
}

/** A google.protobuf.Timestamp. */
interface WireTime {
  readonly seconds: bigint;
  /** 0 to 999,999,999, also before 1970. */
  readonly nanos: number;
}

/** The size of a file that hosts leave out of the comparison with the last snapshot, and set from the bytes read. */
const UNKNOWN_SIZE = -1n;
const NANOSECONDS = 1_000_000_000n;
const UINT16_MAX = 0xffff;
const UINT32_MAX = 0xffff_ffff;
const UINT64_MAX = (1n << 64n) - 1n;
/** The range of google.protobuf.Timestamp: the years 1 to 9999. */
const SECONDS_MIN = -62_135_596_800n;
const SECONDS_MAX = 253_402_300_799n;

/**
 * Converts an author's file info. The name is taken from the pathname, because hosts fail
 * on any other name.
 *
 * @throws RangeError or TypeError that names the field and its value. Checked here because one
 *   bad record must not break the stream that carries all others.
 */
export function fileInfoToWire(info: FileInfo, pathname: string): WireFileInfo {
  const mode = checkMode(info.mode);
  return {
    name: baseName(pathname),
    size: sizeToWire(info.size, mode),
    mode,
    modTime: timeToWire(info.modTime),
    dev: checkBigint("dev", info.dev),
    ino: checkBigint("ino", info.ino),
    uid: bigintOf(checkNumber("uid", info.uid, UINT32_MAX)),
    gid: bigintOf(checkNumber("gid", info.gid, UINT32_MAX)),
    // The host keeps 16 bits: 65,536 links would become 0.
    nlink: Math.min(checkNumber("nlink", info.nlink, UINT32_MAX), UINT16_MAX),
    username: checkText("fileInfo.username", info.username),
    groupname: checkText("fileInfo.groupname", info.groupname),
    flags: checkNumber("flags", info.flags, UINT32_MAX),
  };
}

/** The fields of a generated message, in which a time that was not sent is undefined. */
export type ReceivedFileInfo = Omit<WireFileInfo, "modTime"> & { readonly modTime?: WireTime | undefined };

/**
 * Converts a host's file info. A negative size is unknown.
 *
 * @throws RangeError for a size, user or group that is not a safe integer, instead of rounding it.
 */
export function fileInfoFromWire(info: ReceivedFileInfo): FileInfo {
  return {
    name: info.name,
    size: info.size < 0n ? undefined : exact("size", info.size),
    mode: info.mode,
    modTime: info.modTime === undefined ? 0n : info.modTime.seconds * NANOSECONDS + BigInt(info.modTime.nanos),
    dev: info.dev,
    ino: info.ino,
    uid: exact("uid", info.uid),
    gid: exact("gid", info.gid),
    nlink: info.nlink,
    username: info.username,
    groupname: info.groupname,
    flags: info.flags,
  };
}

function exact(field: string, value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OutOfRange(`${field} is out of range: ${String(value)}`);
  return Number(value);
}

/** Avoids an allocation for 0, the most common value. */
function bigintOf(value: number): bigint {
  return value === 0 ? 0n : BigInt(value);
}

/** Only the content of a regular file can have an unknown size. */
function sizeToWire(size: unknown, mode: number): bigint {
  if (size === undefined) return isRegularFile(mode) ? UNKNOWN_SIZE : 0n;
  throwIfError(size);
  if (isUint(size, Number.MAX_SAFE_INTEGER)) return bigintOf(size);
  throw new OutOfRange(
    `fileInfo.size must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, or absent if unknown: ${describe(size)}`,
  );
}

function checkMode(mode: unknown): number {
  const checked = checkNumber("mode", mode, UINT32_MAX);
  if (isFileMode(checked)) return checked;
  // Hosts would take a directory in POSIX form for a regular file.
  throw new OutOfRange(
    `fileInfo.mode must be a Go FileMode, and 0o${checked.toString(8)} has bits that Go does not define: ` +
      "convert a POSIX st_mode with fileModeFromPosix()",
  );
}

/** @throws The error that the model's functions leave in a field in place of an invalid value. */
function throwIfError(value: unknown): void {
  if (value instanceof Error) throw value;
}

function timeToWire(ns: bigint): WireTime {
  if (typeof ns !== "bigint") {
    throwIfError(ns);
    throw new InvalidValue(
      `fileInfo.modTime is ${describe(ns)}: a Date, or nanoseconds as bigint: nanosecondsOf(date), is needed`,
    );
  }
  // Round down, so that nanos is never negative.
  let seconds = ns / NANOSECONDS;
  let nanos = Number(ns - seconds * NANOSECONDS);
  if (nanos < 0) {
    seconds -= 1n;
    nanos += Number(NANOSECONDS);
  }
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) {
    throw new OutOfRange(`fileInfo.modTime is outside the years 1 to 9999: ${String(ns)} ns`);
  }
  return { seconds, nanos };
}

function checkNumber(field: string, value: unknown, max: number): number {
  if (!isUint(value, max)) {
    throwIfError(value);
    throw new OutOfRange(`fileInfo.${field} must be an integer from 0 to ${max}: ${describe(value)}`);
  }
  return value;
}

function checkBigint(field: string, value: unknown): bigint {
  if (typeof value !== "bigint" || value < 0n || value > UINT64_MAX) {
    throw new OutOfRange(`fileInfo.${field} must be a bigint of 64 bits: ${describe(value)}`);
  }
  return value;
}
