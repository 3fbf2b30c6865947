import { createRequire } from "node:module";

/** The part of koffi that is used here: it calls functions of the C library. */
interface Koffi {
  load(path: null): { func(prototype: string): (...args: readonly unknown[]) => number };
}

/** Calls `fcntl(2)` with an integer as its argument. Returns -1 on failure. */
type Fcntl = (fd: number, command: number, argument: number) => number;

// The same on every architecture of Linux.
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;

let loaded: { readonly fcntl: Fcntl | null } | undefined;

/**
 * Enlarges the buffer that the kernel keeps for a pipe, so that the two sides wake each other less often. Bytes in the
 * pipe are kept. Works on Linux if the package koffi is installed, because Node has no function for it.
 *
 * The kernel refuses an ordinary user more than `/proc/sys/fs/pipe-max-size` (1 MiB by default) for one pipe, and more
 * than `pipe-user-pages-soft` (64 MiB by default) for all.
 *
 * @param fd - An open pipe.
 * @param bytes - The capacity, a power of two.
 * @returns True if the pipe has at least that capacity. False if it does not, or if that is not known.
 */
export function enlargePipe(fd: number, bytes: number): boolean {
  loaded ??= { fcntl: process.platform === "linux" ? load() : null };
  const { fcntl } = loaded;
  if (fcntl === null) return false;
  return fcntl(fd, F_GETPIPE_SZ, 0) >= bytes || fcntl(fd, F_SETPIPE_SZ, bytes) >= bytes;
}

function load(): Fcntl | null {
  try {
    // Not named "require", because a bundler would include the wrapper package.
    const load = createRequire(import.meta.filename);
    const fcntl = (load("koffi") as Koffi).load(null).func("int fcntl(int fd, int command, ...)");
    return (fd, command, argument) => fcntl(fd, command, "int", argument);
  } catch {
    // Missing, for another platform, or broken.
    return null;
  }
}
