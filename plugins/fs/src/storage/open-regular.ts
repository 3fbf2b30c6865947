import { constants, fstatSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { openUnleased } from "../fs/open-unleased.js";

/** Does not block on a FIFO, which would occupy one of the few threads forever. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<Record<string, number>>)["O_NONBLOCK"] ?? 0);

/** Opens a path, as Node's `open` does. */
export type OpenHandle = (path: string, flags: number) => Promise<FileHandle>;

/**
 * Opens a regular file for reading. Waits for a file that is leased.
 *
 * @param openHandle - Replaced in tests.
 * @returns The open file and its size in bytes.
 * @throws The system's error, or Error that names a path that is not a regular file.
 */
export async function openRegular(
  path: string,
  signal?: AbortSignal,
  openHandle: OpenHandle = open,
): Promise<{ handle: FileHandle; size: number }> {
  const handle = await openUnleased(() => openHandle(path, FLAGS), signal);
  try {
    // Not handle.stat(), which needs the thread pool: fstat on an open file does not block.
    const stats = fstatSync(handle.fd);
    if (!stats.isFile()) throw new Error(`not a regular file: '${path}'`);
    return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
