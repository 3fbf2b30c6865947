import { constants, fstatSync } from "node:fs";
import { closeFile, openFile } from "../fs/calls.js";
import { openUnleased } from "../fs/open-unleased.js";

/** Does not block on a FIFO, which would occupy one of the few threads forever. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<Record<string, number>>)["O_NONBLOCK"] ?? 0);

/** Opens a path and returns its descriptor. */
export type OpenPath = (path: string, flags: number) => Promise<number>;

/**
 * Opens a regular file for reading. Waits for a file that is leased.
 *
 * @param open - Replaced in tests.
 * @returns The descriptor, which the caller closes, and the size in bytes.
 * @throws The system's error, or Error that names a path that is not a regular file.
 */
export async function openRegular(
  path: string,
  signal?: AbortSignal,
  open: OpenPath = openFile,
): Promise<{ fd: number; size: number }> {
  const fd = await openUnleased(() => open(path, FLAGS), signal);
  try {
    // Not in the thread pool: fstat on an open file does not block.
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error(`not a regular file: '${path}'`);
    return { fd, size: stats.size };
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}
