import { readSync } from "node:fs";
import type { ByteSource, ByteStream, Range } from "@kloset/sdk";
import { BlockingPolicy } from "../fs/blocking-policy.js";
import { BLOCKING_MAX, policy, readFile } from "../fs/calls.js";
import { hasCode, withPath } from "../fs/errors.js";
import type { OpenFile, OpenFiles } from "./open-files.js";

/** Size of one read of a stream: the largest chunk on the wire, because each message has a cost of its own. */
const CHUNK = 1024 * 1024;
/** Number of reads of a stream that run at the same time in the thread pool. */
const READS_AHEAD = 2;
/** Number of buffers that are kept for further streams: new memory costs as much as the copy that fills it. */
const MAX_SPARE = 8;
const spare: Buffer[] = [];

/** A chunk comes from the system's cache in some 0.2 ms, and from a disk of 500 MB/s in 2 ms. */
const SLOW_CHUNK_MS = 2;
/** Number of chunks that are read in the thread pool after a slow one, before blocking is tried again. */
const CHUNKS_AFTER_SLOW = 64;
const pace = new BlockingPolicy(CHUNKS_AFTER_SLOW, SLOW_CHUNK_MS);

/** A part of a file. */
interface Part {
  readonly path: string;
  readonly offset: number;
  /** Maximum number of bytes. */
  readonly length: number;
  /** Minimum number of bytes. Fewer mean that the file has shrunk. */
  readonly least: number;
}

/** The context of reading. */
interface ReadContext {
  readonly signal: AbortSignal;
}

/**
 * Opens a file for reading. A short part is read immediately, with calls that block while the file system is fast:
 * hosts request many ranges of a few hundred bytes. Longer content is a stream that reads ahead of its consumer. It
 * releases the file at its end, on an error and on abort.
 *
 * @param range - Truncated at the end of the file, and empty if it starts after
 * it, as in Plakar's own storages. undefined for the whole file.
 * @param context - Its signal is read only if the content is not returned immediately.
 * @throws RangeError for an invalid range; the error of opening the file; Error that names the file if it shrinks while
 * it is read.
 */
export function readResource(
  files: OpenFiles,
  path: string,
  range: Range | undefined,
  context: ReadContext,
): ByteSource | Promise<ByteSource> {
  if (range !== undefined) checkRange(range);
  if (!policy.mayBlock()) return readInPool(files, path, range, context.signal);
  const before = performance.now();
  try {
    const file = files.openNow(path);
    const part = partOf(file, path, range);
    if (part.length > BLOCKING_MAX) return readAhead(file, part, context.signal);
    try {
      return readNow(file.fd, part);
    } finally {
      file.release();
    }
  } catch (error) {
    // The file is leased.
    if (hasCode(error, "EAGAIN")) return readInPool(files, path, range, context.signal);
    throw withPath(error, path);
  } finally {
    policy.blocked(performance.now() - before);
  }
}

async function readInPool(
  files: OpenFiles,
  path: string,
  range: Range | undefined,
  signal: AbortSignal,
): Promise<ByteSource> {
  signal.throwIfAborted();
  const file = await files.open(path, signal);
  const part = partOf(file, path, range);
  if (part.length > BLOCKING_MAX) return readAhead(file, part, signal);
  try {
    return await readFully(file.fd, part);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    file.release();
  }
}

function partOf({ size }: OpenFile, path: string, range: Range | undefined): Part {
  if (range === undefined) return { path, offset: 0, length: size, least: size };
  const { offset, length } = range;
  // Not limited to the size, which may be wrong: a device or a file of /proc may be in the place of the resource.
  return { path, offset, length, least: Math.min(length, Math.max(0, size - offset)) };
}

function readNow(fd: number, part: Part): Uint8Array {
  const { offset, length } = part;
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return checked(part, buffer, done);
}

/** Reads a part of an open file into memory. @throws Error that names the file if it is too short. */
export async function readFully(fd: number, part: Part): Promise<Uint8Array> {
  const { offset, length } = part;
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = await readFile(fd, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return checked(part, buffer, done);
}

function checked(part: Part, buffer: Buffer, done: number): Uint8Array {
  checkLength(part, done);
  return done === buffer.length ? buffer : buffer.subarray(0, done);
}

/** A read in the thread pool. */
interface Read {
  readonly buffer: Buffer;
  /** The number of bytes that were requested. */
  readonly length: number;
  readonly count: Promise<number>;
}

/** A read that has ended. */
interface Filled {
  readonly buffer: Buffer;
  readonly count: number;
}

/**
 * Reads a part of an open file in chunks. Reads from the system's cache block, because they take less time than the
 * thread pool costs; while the disk is slower, two reads run ahead of the consumer. A chunk is valid until the next one
 * is requested. Releases the file at the end, on an error and on abort.
 *
 * @param blocks - Decides about each chunk. Replaced in tests, as is `read`.
 */
export function readAhead(
  file: OpenFile,
  part: Part,
  signal: AbortSignal,
  blocks: BlockingPolicy = pace,
  read: typeof readFile = readFile,
): ByteStream {
  const { path, offset, length } = part;
  let isOpen = true;
  let done = 0;
  /** In the order of their positions: the first one is at `done`. */
  let reads: Read[] = [];
  /** The end of the last read. */
  let requested = 0;

  const readNow = (): Filled => {
    const buffer = spareBuffer();
    const wanted = Math.min(CHUNK, length - done);
    const before = performance.now();
    const count = readSync(file.fd, buffer, 0, wanted, offset + done);
    blocks.blocked(performance.now() - before);
    requested = done + count;
    return { buffer, count };
  };
  const startReads = (): void => {
    while (isOpen && reads.length < READS_AHEAD && requested < length) {
      const buffer = spareBuffer();
      const wanted = Math.min(CHUNK, length - requested);
      const count = read(file.fd, buffer, 0, wanted, offset + requested);
      // Reported when its chunk is requested.
      count.catch(() => undefined);
      reads.push({ buffer, length: wanted, count });
      requested += wanted;
    }
  };
  const settled = async (): Promise<void> => {
    await Promise.allSettled(reads.map(({ count }) => count));
  };
  const firstRead = async (first: Read): Promise<Filled> => {
    const count = await first.count;
    if (count === first.length) reads.shift();
    else {
      // The bytes of the other reads do not follow these.
      await settled();
      reads = [];
      requested = done + count;
    }
    startReads();
    return { buffer: first.buffer, count };
  };
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    signal.removeEventListener("abort", abort);
    // If the descriptor were closed during a read, that read could hit another file with the same number.
    await settled();
    file.release();
  };
  const abort = (): void => {
    void close();
  };
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();

  async function* readChunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      while (isOpen && done < length) {
        if (reads.length > 0 || !blocks.mayBlock()) startReads();
        const { buffer, count } = reads[0] === undefined ? readNow() : await firstRead(reads[0]);
        signal.throwIfAborted();
        if (count === 0) break;
        done += count;
        yield buffer.subarray(0, count);
        if (spare.length < MAX_SPARE) spare.push(buffer);
      }
      signal.throwIfAborted();
      checkLength(part, done);
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
        // A generator that was not started would not release the file.
        await close();
        return chunks.return();
      },
    }),
  };
}

function spareBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
}

function checkLength({ path, least }: Part, done: number): void {
  if (done < least) throw new Error(`expected ${least} bytes but read only ${done}: '${path}'`);
}

function checkRange({ offset, length }: Range): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`invalid range: expected integers from 0 to 2^53 - 1, got offset ${offset}, length ${length}`);
  }
  if (!Number.isSafeInteger(offset + length)) {
    throw new RangeError(`invalid range: it ends above 2^53 - 1, got offset ${offset}, length ${length}`);
  }
}
