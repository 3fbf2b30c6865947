import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from "node:fs";

/**
 * All that differs between operating systems. Every function here has an answer
 * for a system that can not do it: `undefined`, never a throw.
 *
 * @module
 */

/** What a descriptor is, as far as finding the host goes. */
export type DescriptorKind = "pipe" | "socket" | "file" | "other";

/** The kind of an open descriptor; "other" for a terminal, a device, or one that is closed. */
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
 * Opens what fd 0, 1 or 2 leads to a second time. Linux makes a new open file
 * of it (so O_NONBLOCK and O_APPEND do not reach the processes that share the
 * old one), macOS and the BSDs duplicate the descriptor; Windows has no such path.
 *
 * @returns undefined where that can not be done: on Windows, on a socket
 *   (ENXIO), as another user (EACCES), on a pipe whose reader is gone (ENXIO).
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
 * Whether O_NONBLOCK holds for what {@link reopen} opens. Elsewhere than on Linux it
 * is a duplicate, which blocks like the original until Node makes a socket of it.
 */
export const reopenedNeverBlocks = process.platform === "linux";

/** The name of the null device: `devNull` of node:os, which a plugin would load for this alone. */
export const nullDevice = process.platform === "win32" ? "\\\\.\\nul" : "/dev/null";

/** Opens the null device. */
export function openNull(flags: number): number {
  return openSync(nullDevice, flags);
}

/**
 * Whether {@link reopenStderr} will do at once: to open a pipe that nobody reads
 * blocks for ever, so it is tried without blocking, and closed again.
 */
export function canReopenStderr(): boolean {
  const { O_WRONLY, O_NONBLOCK } = constants;
  const trial = reopen(2, O_WRONLY | O_NONBLOCK);
  if (trial !== undefined) closeSync(trial);
  return trial !== undefined;
}

/**
 * Keeps {@link reopenStderr} from waiting should the last reader of stderr go
 * just then: as long as this is open, the pipe has one.
 *
 * @returns undefined where it is not needed, or can not be done: on macOS, which
 *   duplicates, a descriptor for writing can not be opened for reading.
 */
export function holdStderr(): number | undefined {
  const { O_RDONLY, O_NONBLOCK } = constants;
  return descriptorKind(2) === "pipe" ? reopen(2, O_RDONLY | O_NONBLOCK) : undefined;
}

/**
 * Opens stderr a second time, to stand where fd 1 was. Children inherit this
 * descriptor and do not expect EAGAIN, so it blocks: see {@link canReopenStderr}.
 */
export function reopenStderr(): number | undefined {
  const { O_WRONLY, O_APPEND } = constants;
  return reopen(2, descriptorKind(2) === "pipe" ? O_WRONLY : O_WRONLY | O_APPEND);
}

/**
 * Whether fd 1 was inherited from the process that started this one, and not
 * made for it: then it is the host's own stdout. Wrappers (a shell, npx) share
 * both fd 0 and fd 1 with their child, so they are looked through.
 *
 * @returns undefined where this can not be told: everywhere but on Linux.
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
  // "pid (name) state ppid …": the name may hold spaces and brackets.
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
