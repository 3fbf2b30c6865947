import { constants } from "node:fs";
import { open, rename, unlink, type FileHandle } from "node:fs/promises";
import { withoutAlias, withPath } from "./errors.js";

/** What {@link replaceFile} is told. */
export interface ReplaceOptions {
  /** The file to make or to replace. */
  readonly target: string;
  /** A name that is free, in the same file system. */
  readonly temporary: string;
  readonly data: AsyncIterable<Uint8Array>;
  /** Stops between two chunks. */
  readonly signal?: AbortSignal | undefined;
  /** Leave holes where there are only zeros. */
  readonly sparse?: boolean;
  /** Bring the content to the disk before it gets its name. */
  readonly sync?: boolean;
}

/** Zeros shorter than this are written: a hole costs a call of its own. */
const HOLE = 32 * 1024;
const ZEROS = new Uint8Array(HOLE);

/**
 * Writes a file under a temporary name and gives it its own name when it is
 * whole. Whoever looks sees the old file or the new one, never a part. When
 * anything fails, what `data` throws too, the temporary file is removed and the
 * target is as it was.
 *
 * The file is readable and writable for its owner only, and never a file that
 * was there before.
 *
 * @returns How many bytes came.
 */
export async function replaceFile(options: ReplaceOptions): Promise<number> {
  const { target, temporary } = options;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  let handle: FileHandle;
  try {
    handle = await open(temporary, flags, 0o600);
  } catch (error) {
    throw withoutAlias(error, temporary, target);
  }
  try {
    const written = await fill(handle, options);
    await rename(temporary, target);
    return written;
  } catch (error) {
    // Best effort: the first error is the one to tell.
    await unlink(temporary).catch(() => undefined);
    throw withoutAlias(error, temporary, target);
  }
}

/** Writes everything and closes. An error on closing is an error: the data may not have arrived. */
async function fill(handle: FileHandle, options: ReplaceOptions): Promise<number> {
  let written: number;
  try {
    written = await writeAll(handle, options);
    if (options.sync === true) await named(handle.sync(), options.target);
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
  await named(handle.close(), options.target);
  return written;
}

async function writeAll(handle: FileHandle, { target, data, signal, sparse }: ReplaceOptions): Promise<number> {
  let position = 0;
  let end = 0;
  for await (const chunk of data) {
    signal?.throwIfAborted();
    for (const part of sparse === true ? partsWithData(chunk) : [chunk]) {
      end = await named(writePart(handle, part, position + part.byteOffset - chunk.byteOffset), target);
    }
    position += chunk.length;
  }
  signal?.throwIfAborted();
  // The last bytes were a hole, which nothing but the length tells.
  if (end < position) await named(handle.truncate(position), target);
  return position;
}

/** @returns Where the part ends. */
async function writePart(handle: FileHandle, part: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < part.length) {
    // A write may take less than it was given, as before a disk is full.
    const { bytesWritten } = await handle.write(part, done, part.length - done, position + done);
    done += bytesWritten;
  }
  return position + done;
}

/** Cuts a chunk into what must be written: neighbours in one piece, whole blocks of zeros left out. */
function* partsWithData(chunk: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let at = 0; at + HOLE <= chunk.length; at += HOLE) {
    if (chunk[at] !== 0 || Buffer.compare(chunk.subarray(at, at + HOLE), ZEROS) !== 0) continue;
    if (start < at) yield chunk.subarray(start, at);
    start = at + HOLE;
  }
  if (start < chunk.length) yield chunk.subarray(start);
}

async function named<T>(work: Promise<T>, path: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw withPath(error, path);
  }
}
