import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { ByteSource, ByteStream, Range } from "@kloset/sdk";
import { withPath } from "../fs/errors.js";
import { openRegular } from "./open-regular.js";

/** Maximum size of one read, equal to the largest chunk on the wire. */
const CHUNK = 1024 * 1024;

/**
 * Opens a file for reading. Up to one chunk is read immediately: hosts request
 * many ranges of a few hundred bytes, and this way each costs one open, read and
 * close. Larger content is a stream, which closes the file at its end, on an error
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
  const { handle, size } = await openRegular(path, signal);
  let streaming = false;
  try {
    const offset = range?.offset ?? 0;
    const length = range?.length ?? size;
    const least = range === undefined ? size : 0;
    if (length <= CHUNK) return await readFully(handle, { path, offset, length, least });
    signal.throwIfAborted();
    const stream = handle.createReadStream({ start: offset, end: offset + length - 1, highWaterMark: CHUNK, signal });
    // The iterator reports the error. Without a listener, an abort after the last read would be an uncaught error.
    stream.on("error", () => undefined);
    streaming = true;
    return atLeast(stream, { path, least });
  } catch (error) {
    throw withPath(error, path);
  } finally {
    if (!streaming) await handle.close();
  }
}

interface Part {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Minimum number of bytes. Fewer mean that the file has shrunk. */
  readonly least: number;
}

async function readFully(handle: FileHandle, { path, offset, length, least }: Part): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  if (done < least) throw tooShort(path, least, done);
  return buffer.subarray(0, done);
}

function atLeast(stream: Readable, { path, least }: Pick<Part, "path" | "least">): ByteStream {
  const chunks = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    let done = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        done += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw withPath(error, path);
    }
    if (done < least) throw tooShort(path, least, done);
  })();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      return: () => {
        // A generator that was not started would not close the stream.
        stream.destroy();
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
