import { constants, open } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

/**
 * Reads a file of limited size. A symbolic link is not followed.
 *
 * @param name - Names the file in errors.
 * @throws Error if the file is larger than `limit`, or not a regular file.
 */
export async function readSmallFile(path: string, name: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  // Non-blocking: opening a FIFO would wait for its writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${name} is not a regular file`);
    if (stats.size > limit) throw new Error(`${name} has ${stats.size} bytes: expected at most ${limit}`);
    // `end` is inclusive: one byte more shows that the file has grown.
    const content = await buffer(handle.createReadStream({ end: limit, autoClose: false, signal }));
    if (content.length > limit) throw new Error(`${name} has grown while it was read: expected at most ${limit} bytes`);
    return content;
  } finally {
    await handle.close();
  }
}
