import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { ByteSource, ByteStream, Range } from "@kloset/sdk";
import { withPath } from "../fs/errors.js";
import { openRegular } from "./open-regular.js";

/** The most that is read at once: the wire's chunks are no larger. */
const CHUNK = 1024 * 1024;

/**
 * Opens a file for reading. What fits in one chunk is read at once: hosts ask
 * for ranges of a few hundred bytes, one after the other, so that one costs an
 * open, a read and a close. More is a stream that closes the file at its end, on
 * an error and on abort.
 *
 * @param range - Cut at the end of the file; nothing when it begins behind it, as
 * Plakar's own storages answer. Absent for the whole.
 * @throws RangeError for a range that is no range; what opening the file throws;
 * Error that names the file when it gets shorter while the whole is read: resources never do.
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
    // The reader gets the error; nobody may be reading any more when the host aborts.
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
  /** Bytes that must come. */
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
        // A generator that was not begun would not do it.
        stream.destroy();
        return chunks.return();
      },
    }),
  };
}

function tooShort(path: string, least: number, done: number): Error {
  return new Error(`${least} bytes were expected, and only ${done} came: '${path}'`);
}

function checkRange({ offset, length }: Range): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`not a range: offset ${offset}, length ${length}`);
  }
  if (!Number.isSafeInteger(offset + length)) {
    throw new RangeError(`a range ends above 2^53 - 1: offset ${offset}, length ${length}`);
  }
}
