import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { closeFile, openFile } from "../fs/calls.js";
import { openUnleased } from "../fs/open-unleased.js";

/** Does not block on a FIFO, which would occupy one of the few threads forever. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<Record<string, number>>)["O_NONBLOCK"] ?? 0);

/** A regular file that is open for reading. The caller closes the descriptor. */
export interface RegularFile {
  readonly fd: number;
  /** The state of the file when it was opened. */
  readonly stats: Stats;
}

/** Opens a path and returns its descriptor. */
export type OpenPath = (path: string, flags: number) => Promise<number>;

/**
 * Opens a regular file for reading. Waits for a file that is leased.
 *
 * @param open - Replaced in tests.
 * @throws The system's error, or Error that names a path that is not a regular file.
 */
export async function openRegular(path: string, signal?: AbortSignal, open: OpenPath = openFile): Promise<RegularFile> {
  const fd = await openUnleased(() => open(path, FLAGS), signal && { signal });
  try {
    // Not in the thread pool: fstat on an open file does not block.
    return { fd, stats: statsOf(fd, path) };
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

/**
 * Opens a regular file for reading with calls that block.
 *
 * @throws The system's error, EAGAIN for a file that is leased; Error that names a path that is not a regular file.
 */
export function openRegularNow(path: string): RegularFile {
  const fd = openSync(path, FLAGS);
  try {
    return { fd, stats: statsOf(fd, path) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function statsOf(fd: number, path: string): Stats {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw new Error(`not a regular file: '${path}'`);
  return stats;
}
