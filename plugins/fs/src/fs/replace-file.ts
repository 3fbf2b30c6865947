import { closeSync, constants, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import type { ByteStream } from "@kloset/sdk";
import {
  BLOCKING_MAX,
  closeFile,
  openFile,
  policy,
  rename,
  syncFile,
  truncateFile,
  unlink,
  writeFile,
} from "./calls.js";
import { withoutAlias, withPath } from "./errors.js";

/** Options of {@link replaceFile}. */
export interface ReplaceOptions {
  /** The file to make or to replace. */
  readonly target: string;
  /** A path that does not exist, on the same file system. */
  readonly temporary: string;
  readonly data: ByteStream;
  /** Aborts between two chunks. */
  readonly signal?: Pick<AbortSignal, "throwIfAborted"> | undefined;
  /** Writes holes in place of blocks of zeros. */
  readonly sparse?: boolean;
  /** Syncs the content to disk before the file is renamed. */
  readonly sync?: boolean;
  /** Called with the descriptor of the file when all data is written, before the file is closed. */
  readonly written?: ((fd: number) => Promise<void>) | undefined;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Minimum size of a hole. Shorter runs of zeros are written, because each hole costs an extra call. */
const HOLE = 32 * 1024;
const ZEROS = new Uint8Array(HOLE);

/**
 * Writes a file under a temporary name and renames it when it is complete. Readers
 * see the old file or the new one, never a part. If anything fails, including
 * `data`, the temporary file is removed and the target stays unchanged.
 *
 * The file is always a new one, readable and writable for its owner only unless `written` changes that.
 *
 * @returns The number of bytes in `data`.
 */
export async function replaceFile(options: ReplaceOptions): Promise<number> {
  const { target, temporary } = options;
  let fd: number;
  try {
    fd = await openFile(temporary, NEW_FILE, 0o600);
  } catch (error) {
    throw withoutAlias(error, temporary, target);
  }
  try {
    const written = await fill(fd, options);
    await rename(temporary, target);
    return written;
  } catch (error) {
    // Report the first error, not one of the clean-up.
    await unlink(temporary).catch(() => undefined);
    throw withoutAlias(error, temporary, target);
  }
}

/** Options of {@link replaceSmallFile}. */
export interface SmallFile {
  /** The file to make or to replace. */
  readonly target: string;
  /** A path that does not exist, on the same file system. */
  readonly temporary: string;
  /** The whole content. */
  readonly bytes: Uint8Array;
  /** Called with the descriptor of the file when all data is written, before the file is closed. */
  readonly written: (fd: number) => void;
  /** Called after the file has its name. */
  readonly renamed: () => void;
}

/** Returns true if a file may be written by {@link replaceSmallFile} now. Call it once for each file. */
export function mayReplaceAtOnce(length: number): boolean {
  return length <= BLOCKING_MAX && policy.mayBlock();
}

/**
 * Does the same as {@link replaceFile} for content that is in memory, in one step that blocks the event loop. A promise
 * for each call costs as much as the calls.
 */
export function replaceSmallFile(file: SmallFile): void {
  const before = performance.now();
  const { target, temporary } = file;
  try {
    replaceNow(file);
  } catch (error) {
    throw withoutAlias(error, temporary, target);
  } finally {
    policy.blocked(performance.now() - before);
  }
}

function replaceNow({ target, temporary, bytes, written, renamed }: SmallFile): void {
  const fd = openSync(temporary, NEW_FILE, 0o600);
  try {
    try {
      // A write may be short, for example just before the disk is full.
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, done);
      written(fd);
    } catch (error) {
      ignoringErrors(() => {
        closeSync(fd);
      });
      throw withPath(error, target);
    }
    try {
      closeSync(fd);
    } catch (error) {
      throw withPath(error, target);
    }
    renameSync(temporary, target);
  } catch (error) {
    // Report the first error, not one of the clean-up.
    ignoringErrors(() => {
      unlinkSync(temporary);
    });
    throw error;
  }
  renamed();
}

function ignoringErrors(work: () => void): void {
  try {
    work();
  } catch {
    // Another error is reported.
  }
}

/** Writes all data and closes the file. An error on close is reported, because data may be lost. */
async function fill(fd: number, options: ReplaceOptions): Promise<number> {
  let written: number;
  try {
    written = await writeAll(fd, options);
    await options.written?.(fd);
    if (options.sync === true) await named(syncFile(fd), options.target);
  } catch (error) {
    await closeFile(fd).catch(() => undefined);
    throw error;
  }
  await named(closeFile(fd), options.target);
  return written;
}

async function writeAll(fd: number, { target, data, signal, sparse = false }: ReplaceOptions): Promise<number> {
  let position = 0;
  /** The position after the last byte that is not in a hole. */
  let end = 0;
  // A chunk is written while the next one arrives.
  let writing: Promise<number> | undefined;
  const writeChunk = async (chunk: Uint8Array, from: number): Promise<number> => {
    let written = end;
    for (const part of sparse ? partsWithData(chunk) : [chunk]) {
      written = await writePart(fd, part, from + part.byteOffset - chunk.byteOffset);
    }
    data.release?.(chunk);
    return written;
  };
  try {
    for await (const chunk of data) {
      signal?.throwIfAborted();
      if (writing !== undefined) end = await writing;
      const from = position;
      // Before the chunk is written, because it may be released at once, and is empty then.
      position += chunk.length;
      writing = named(writeChunk(chunk, from), target);
      // Reported before the next write.
      writing.catch(() => undefined);
    }
  } finally {
    // The descriptor must not be closed during a write.
    if (writing !== undefined) end = await writing;
  }
  signal?.throwIfAborted();
  // The file ends with a hole: only its length records that.
  if (end < position) await named(truncateFile(fd, position), target);
  return position;
}

/** @returns The position after the part. */
async function writePart(fd: number, part: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < part.length) {
    // A write may be short, for example just before the disk is full.
    const count = await writeFile(fd, part, done, part.length - done, position + done);
    done += count;
  }
  return position + done;
}

/** Splits a chunk into the parts to write. Leaves out whole blocks of zeros. */
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
