import { constants, fstatSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { openUnleased } from "../fs/open-unleased.js";

/** A FIFO must not block: each that did would take one of the few threads for ever. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<Record<string, number>>)["O_NONBLOCK"] ?? 0);

/** Opens a path, as Node's `open` does. */
export type OpenHandle = (path: string, flags: number) => Promise<FileHandle>;

/**
 * Opens a regular file for reading. One that is leased is waited for.
 *
 * @param openHandle - For tests.
 * @returns The file, and how long it is.
 * @throws What the system says, or Error that names what is no regular file.
 */
export async function openRegular(
  path: string,
  signal?: AbortSignal,
  openHandle: OpenHandle = open,
): Promise<{ handle: FileHandle; size: number }> {
  const handle = await openUnleased(() => openHandle(path, FLAGS), signal);
  try {
    // Not handle.stat(), which takes a turn in the thread pool: of an open file the system knows it.
    const stats = fstatSync(handle.fd);
    if (!stats.isFile()) throw new Error(`not a regular file: '${path}'`);
    return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
