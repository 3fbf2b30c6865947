import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from "node:fs";

/**
 * All differences between operating systems. On a system that does not support an operation, these functions return
 * `undefined`; they never throw.
 *
 * @module
 */

/** The kinds of descriptors that matter for detecting the host. */
export type DescriptorKind = "pipe" | "socket" | "file" | "other";

/** Returns the kind of a descriptor: "other" for a terminal, a device, or a closed descriptor. */
export function descriptorKind(fd: number): DescriptorKind {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) return "pipe";
    if (stat.isSocket()) return "socket";
    return stat.isFile() ? "file" : "other";
  } catch {
    return "other";
  }
}

/**
 * Reopens the file behind fd 0, 1 or 2. Linux creates a new open file description, so that O_NONBLOCK and O_APPEND do
 * not affect the processes that share the old one. macOS and the BSDs duplicate the descriptor.
 *
 * @returns undefined if that is impossible: on Windows, for a socket (ENXIO), as another user (EACCES), or for a pipe
 *   whose reader is gone (ENXIO).
 */
export function reopen(fd: 0 | 1 | 2, flags: number): number | undefined {
  if (process.platform === "win32") return undefined;
  try {
    return openSync(`/dev/fd/${fd}`, flags);
  } catch {
    return undefined;
  }
}

/**
 * True if descriptors from {@link reopen} respect O_NONBLOCK. On systems other than Linux, they are duplicates, which
 * block like the original until Node wraps them in a socket.
 */
export const reopenedNeverBlocks = process.platform === "linux";

/** The name of the null device. Equals `devNull` of node:os, which plugins would load for this alone. */
export const nullDevice = process.platform === "win32" ? "\\\\.\\nul" : "/dev/null";

/** Opens the null device. */
export function openNull(flags: number): number {
  return openSync(nullDevice, flags);
}

/**
 * Checks that {@link reopenStderr} will succeed without blocking. Opening a pipe without a reader blocks forever, so
 * this opens stderr with O_NONBLOCK and closes it again.
 */
export function canReopenStderr(): boolean {
  const { O_WRONLY, O_NONBLOCK } = constants;
  const trial = reopen(2, O_WRONLY | O_NONBLOCK);
  if (trial !== undefined) closeSync(trial);
  return trial !== undefined;
}

/**
 * Opens a reader of stderr, so that {@link reopenStderr} does not block if the last other reader closes in the
 * meantime.
 *
 * @returns the descriptor to close afterwards; undefined if a reader is not needed, or on macOS, where a descriptor for
 *   writing cannot be reopened for reading.
 */
export function holdStderr(): number | undefined {
  const { O_RDONLY, O_NONBLOCK } = constants;
  return descriptorKind(2) === "pipe" ? reopen(2, O_RDONLY | O_NONBLOCK) : undefined;
}

/**
 * Reopens stderr to replace fd 1. The descriptor is blocking, because children inherit it and do not expect EAGAIN;
 * call {@link canReopenStderr} first.
 */
export function reopenStderr(): number | undefined {
  const { O_WRONLY, O_APPEND } = constants;
  return reopen(2, descriptorKind(2) === "pipe" ? O_WRONLY : O_WRONLY | O_APPEND);
}

/**
 * Returns true if fd 1 is the host's own stdout, inherited rather than created for this process. Skips wrappers (a
 * shell, npx), which share both fd 0 and fd 1 with their child.
 *
 * @returns undefined if that cannot be determined, as on all systems other than Linux.
 */
export function stdoutIsInherited(): boolean | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const input = readlinkSync("/proc/self/fd/0");
    const output = readlinkSync("/proc/self/fd/1");
    let pid = process.ppid;
    for (let depth = 0; depth < 8 && pid > 1; depth += 1) {
      if (readlinkSync(`/proc/${pid}/fd/1`) !== output) return false;
      if (readlinkSync(`/proc/${pid}/fd/0`) !== input) return true;
      pid = parentOf(pid);
    }
    return undefined;
  } catch {
    return undefined;
  }
}

function parentOf(pid: number): number {
  // "pid (name) state ppid …": the name may contain spaces and parentheses.
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
