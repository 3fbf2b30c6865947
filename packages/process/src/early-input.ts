import { readSync } from "node:fs";

/** No pipe holds more (Linux: pipe-max-size), so who has written more is still there. */
const MAX_PIPE_BYTES = 1024 * 1024;

/**
 * Reads what a host has written before its pipe was opened anew, and finds out
 * whether it is still there. Linux never tells of the end of a named pipe that
 * had no writer any more when it was opened: a plugin whose host died while it
 * started would wait for ever.
 *
 * @param fd - A pipe that was opened with O_NONBLOCK.
 * @param buffer - Is read into.
 * @param sink - Gets the bytes, which are borrowed from `buffer`; null at their end.
 * @param isClosed - Whether the sink has closed the descriptor: its number may be another file's by then.
 * @returns Whether there was something, be it the end.
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

/** @returns undefined when there is nothing yet, or an error that the next reader meets as well. */
function tryRead(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer);
  } catch {
    return undefined;
  }
}
