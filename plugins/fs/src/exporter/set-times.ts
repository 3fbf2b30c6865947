import { lutimes, utimes, type FileHandle } from "node:fs/promises";
import { createRequire } from "node:module";
import { BlockingPolicy } from "../fs/blocking-policy.js";
import { utimesArgument } from "./utimes-argument.js";

/** An entry whose times are set: an open file, a path, or a path whose last component is not followed. */
export type TimesTarget =
  { readonly handle: Pick<FileHandle, "fd" | "utimes"> } | { readonly path: string } | { readonly link: string };

/** A function of the C library. Returns 0 on success. */
interface NativeCall<Arguments extends readonly unknown[]> {
  (...args: Arguments): number;
  async(...args: [...Arguments, callback: (error: Error | null, result: number) => void]): void;
}

/** The functions of the C library that set times. */
export interface NativeTimes {
  readonly utimensat: NativeCall<[directory: number, path: string, times: BigInt64Array, flags: number]>;
  readonly futimens: NativeCall<[fd: number, times: BigInt64Array]>;
}

/** The part of koffi that is used here: calls functions of C libraries. */
interface Koffi {
  load(path: null): {
    func<Arguments extends readonly unknown[]>(
      name: string,
      result: string,
      parameters: readonly string[],
    ): NativeCall<Arguments>;
  };
}

// The values of Linux.
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const NANOSECONDS = 1_000_000_000n;

/** Systems on which both parts of a timespec have 64 bits. */
const SUPPORTED =
  process.platform === "linux" && ["x64", "arm64", "riscv64", "loong64", "ppc64"].includes(process.arch);

/** Two times, each with seconds and nanoseconds. */
const TIMESPECS_LENGTH = 4;
/** For calls that have ended when they return. */
const reused = new BigInt64Array(TIMESPECS_LENGTH);

const policy = new BlockingPolicy();
let loaded: { readonly native: NativeTimes | null } | undefined;

/**
 * Sets the access and the modification time of an entry, exact to the nanosecond if the native library loads. Otherwise,
 * and if the native call fails, Node's own call sets them as precisely as it can: see {@link utimesArgument}.
 *
 * Plakar compares nanoseconds: a file restored with less precision would be read in full by the next backup.
 *
 * @param nanoseconds - Nanoseconds since 1970, may be negative.
 * @param native - Null for Node's own call. Replaced in tests.
 * @throws The error of Node's call.
 */
export async function setTimes(
  target: TimesTarget,
  nanoseconds: bigint,
  native: NativeTimes | null = nativeTimes(),
): Promise<void> {
  if (native !== null && (await isSet(native, target, nanoseconds))) return;
  const time = utimesArgument(nanoseconds);
  if ("handle" in target) await target.handle.utimes(time, time);
  else if ("path" in target) await utimes(target.path, time, time);
  else await lutimes(target.link, time, time);
}

/**
 * Sets the access and the modification time of an entry of an open directory, blocking the event loop. Does not follow a
 * symbolic link.
 *
 * @returns True if the times are set. Otherwise the native call failed or is not available: call {@link setTimes}.
 */
export function setTimesNow(
  directory: number,
  name: string,
  nanoseconds: bigint,
  native: NativeTimes | null = nativeTimes(),
): boolean {
  if (native === null) return false;
  return native.utimensat(directory, name, timespecs(nanoseconds, reused), AT_SYMLINK_NOFOLLOW) === 0;
}

/** Loads the native library when it is first needed. Returns null if it does not load, or is not for this system. */
export function nativeTimes(): NativeTimes | null {
  loaded ??= { native: SUPPORTED ? load() : null };
  return loaded.native;
}

async function isSet(native: NativeTimes, target: TimesTarget, nanoseconds: bigint): Promise<boolean> {
  const times = timespecs(nanoseconds);
  if ("handle" in target) return isZero(native.futimens, target.handle.fd, times);
  if ("path" in target) return isZero(native.utimensat, AT_FDCWD, target.path, times, 0);
  return isZero(native.utimensat, AT_FDCWD, target.link, times, AT_SYMLINK_NOFOLLOW);
}

/** Makes a call, in another thread while the disk or the network is slow. */
function isZero<Arguments extends readonly unknown[]>(
  call: NativeCall<Arguments>,
  ...args: Arguments
): boolean | Promise<boolean> {
  if (!policy.mayBlock()) {
    return new Promise((resolve) => {
      call.async(...args, (error, result) => {
        // Refers to the arguments, so that they are not collected during the call.
        resolve(error === null && result === 0 && args.length > 0);
      });
    });
  }
  const before = performance.now();
  const result = call(...args);
  policy.blocked(performance.now() - before);
  return result === 0;
}

/** Makes the two `struct timespec` of the call. The nanoseconds of each are from 0 to 999,999,999. */
function timespecs(nanoseconds: bigint, into = new BigInt64Array(TIMESPECS_LENGTH)): BigInt64Array {
  const part = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  const seconds = (nanoseconds - part) / NANOSECONDS;
  into[0] = into[2] = seconds;
  into[1] = into[3] = part;
  return into;
}

function load(): NativeTimes | null {
  try {
    // Not named "require", because a bundler would include the wrapper package.
    const load = createRequire(import.meta.filename);
    const library = (load("koffi") as Koffi).load(null);
    return {
      utimensat: library.func("utimensat", "int", ["int", "str", "void *", "int"]),
      futimens: library.func("futimens", "int", ["int", "void *"]),
    };
  } catch {
    // Missing, for another platform, or broken.
    return null;
  }
}
