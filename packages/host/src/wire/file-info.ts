import { isRegularFile, type FileInfo } from "@kloset/model";

const NANOS_PER_SECOND = 1_000_000_000n;
/** Hosts keep 16 bits of a link count. */
const NLINK_MASK = 0xffff;

/** The fields of `google.protobuf.Timestamp` that are read. */
export interface WireTimestamp {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** The FileInfo message, which has the same fields in both generations. */
export interface WireFileInfo {
  readonly name: string;
  readonly size: bigint;
  readonly mode: number;
  readonly modTime?: WireTimestamp | undefined;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: number;
  readonly username: string;
  readonly groupname: string;
  readonly flags: number;
}

/** Initial values for the FileInfo message of either generation. */
export interface WireFileInfoInit extends WireFileInfo {
  readonly modTime: WireTimestamp;
}

/** @param nanoseconds - Nanoseconds since 1970. Negative for earlier times. */
export function timestampOf(nanoseconds: bigint): { seconds: bigint; nanos: number } {
  let seconds = nanoseconds / NANOS_PER_SECOND;
  let nanos = nanoseconds % NANOS_PER_SECOND;
  // The nanoseconds of a Timestamp are never negative, even before 1970.
  if (nanos < 0n) {
    nanos += NANOS_PER_SECOND;
    seconds -= 1n;
  }
  return { seconds, nanos: Number(nanos) };
}

/** @returns Nanoseconds since 1970. 0 if the Timestamp is absent, as in Go. */
export function nanosecondsOfTimestamp(timestamp: WireTimestamp | undefined): bigint {
  if (timestamp === undefined) return 0n;
  return timestamp.seconds * NANOS_PER_SECOND + BigInt(timestamp.nanos);
}

/** A negative size is unknown. @throws RangeError if a number is not a safe integer. */
export function fileInfoFromWire(wire: WireFileInfo): FileInfo {
  return {
    name: wire.name,
    size: wire.size < 0n ? undefined : exact(wire.size, "size", wire.name),
    mode: wire.mode,
    modTime: nanosecondsOfTimestamp(wire.modTime),
    dev: wire.dev,
    ino: wire.ino,
    uid: exact(wire.uid, "uid", wire.name),
    gid: exact(wire.gid, "gid", wire.name),
    nlink: wire.nlink & NLINK_MASK,
    username: wire.username,
    groupname: wire.groupname,
    flags: wire.flags,
  };
}

/** Converts a {@link FileInfo} to the message. An unknown size is -1 for regular files, otherwise 0. */
export function fileInfoToWire(info: FileInfo): WireFileInfoInit {
  return {
    name: info.name,
    size: BigInt(info.size ?? (isRegularFile(info.mode) ? -1 : 0)),
    mode: info.mode,
    modTime: timestampOf(info.modTime),
    dev: info.dev,
    ino: info.ino,
    uid: BigInt(info.uid),
    gid: BigInt(info.gid),
    nlink: info.nlink & NLINK_MASK,
    username: info.username,
    groupname: info.groupname,
    flags: info.flags,
  };
}

function exact(value: bigint, field: string, name: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new RangeError(`${field} of ${JSON.stringify(name)} exceeds 2^53 - 1: ${String(value)}`);
  }
  return number;
}
