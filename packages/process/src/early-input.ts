import { readSync } from "node:fs";

/** Maximum capacity of a pipe (Linux: pipe-max-size). A host that has written more is still running. */
const MAX_PIPE_BYTES = 1024 * 1024;

/**
 * Reads the bytes that the host wrote before its pipe was reopened, and detects a host that is already gone. Linux
 * never signals the end of a named pipe that had no writer left when it was opened, so a plugin whose host died during
 * startup would wait forever.
 *
 * @param fd - A pipe opened with O_NONBLOCK.
 * @param buffer - The buffer to read into.
 * @param sink - Receives the bytes, which are borrowed from `buffer`, and null at the end of the input.
 * @param isClosed - Returns true if the sink has closed the descriptor: its number may refer to another file by then.
 * @returns true if the pipe contained bytes or has ended.
 */
export function takeEarlyInput(
  fd: number,
  buffer: Buffer,
  sink: (bytes: Buffer | null) => void,
  isClosed = (): boolean => false,
): boolean {
  let total = 0;
  while (total < MAX_PIPE_BYTES) {
    const length = tryRead(fd, buffer);
    if (length === undefined) return total > 0;
    sink(length === 0 ? null : buffer.subarray(0, length));
    if (length === 0 || isClosed()) return true;
    total += length;
  }
  return true;
}

/** @returns undefined if the pipe is empty, or on an error, which the next reader gets as well. */
function tryRead(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer);
  } catch {
    return undefined;
  }
}
