import type { ByteSource, ByteStream, Range } from "@kloset/sdk";
import { closeFile, readFile } from "../fs/calls.js";
import { withPath } from "../fs/errors.js";
import { openRegular } from "./open-regular.js";

/** Maximum size of one read, equal to the largest chunk on the wire. */
const CHUNK = 1024 * 1024;

/**
 * Opens a file for reading. Up to one chunk is read immediately: hosts request
 * many ranges of a few hundred bytes, and this way each costs one open, read and
 * close. Larger content is a stream, read one chunk ahead, which closes the file at its end, on an error
 * and on abort.
 *
 * @param range - Truncated at the end of the file, and empty if it starts after
 * it, as in Plakar's own storages. undefined for the whole file.
 * @throws RangeError for an invalid range; the error of opening the file; Error
 * that names the file if it shrinks while it is read as a whole.
 */
export async function readResource(path: string, range: Range | undefined, signal: AbortSignal): Promise<ByteSource> {
  signal.throwIfAborted();
  if (range !== undefined) checkRange(range);
  const { fd, size } = await openRegular(path, signal);
  let streaming = false;
  try {
    const offset = range?.offset ?? 0;
    const length = range?.length ?? size;
    const least = range === undefined ? size : 0;
    if (length <= CHUNK) return await readFully(fd, { path, offset, length, least });
    signal.throwIfAborted();
    streaming = true;
    return readAhead(fd, { path, offset, length, least }, signal);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    if (!streaming) await closeFile(fd);
  }
}

/** A part of a file. */
interface Part {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Minimum number of bytes. Fewer mean that the file has shrunk. */
  readonly least: number;
}

/** Reads a part of an open file into memory. @throws Error that names the file if it is too short. */
export async function readFully(fd: number, { path, offset, length, least }: Part): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = await readFile(fd, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  if (done < least) throw tooShort(path, least, done);
  return buffer.subarray(0, done);
}

/**
 * Reads a part of an open file in chunks, one ahead of the consumer. Each chunk has memory of its own. Closes the file
 * at the end, on an error and on abort.
 */
function readAhead(fd: number, { path, offset, length, least }: Part, signal: AbortSignal): ByteStream {
  let isOpen = true;
  let done = 0;
  let ahead: Promise<number> | undefined;
  const read = async (): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length - done));
    ahead = readFile(fd, buffer, 0, buffer.length, offset + done);
    return buffer.subarray(0, await ahead);
  };
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    signal.removeEventListener("abort", abort);
    // If the descriptor were closed during a read, that read could hit another file with the same number.
    await ahead?.catch(() => undefined);
    await closeFile(fd);
  };
  const abort = (): void => {
    close().catch(() => undefined);
  };
  signal.addEventListener("abort", abort);
  async function* readChunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      let next = isOpen ? read() : undefined;
      while (next !== undefined) {
        const chunk = await next;
        signal.throwIfAborted();
        if (chunk.length === 0) break;
        done += chunk.length;
        next = isOpen && done < length ? read() : undefined;
        // Reported when the next chunk is requested.
        next?.catch(() => undefined);
        yield chunk;
      }
      signal.throwIfAborted();
      if (done < least) throw tooShort(path, least, done);
    } catch (error) {
      throw withPath(error, path);
    } finally {
      await close();
    }
  }
  const chunks = readChunks();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      return: async () => {
        // A generator that was not started would not close the file.
        await close();
        return chunks.return();
      },
    }),
  };
}

function tooShort(path: string, least: number, done: number): Error {
  return new Error(`expected ${least} bytes but read only ${done}: '${path}'`);
}

function checkRange({ offset, length }: Range): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`invalid range: expected integers from 0 to 2^53 - 1, got offset ${offset}, length ${length}`);
  }
  if (!Number.isSafeInteger(offset + length)) {
    throw new RangeError(`invalid range: it ends above 2^53 - 1, got offset ${offset}, length ${length}`);
  }
}
