import {
  close,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  open,
  openSync,
  read,
  readSync,
  type BigIntStats,
} from "node:fs";
import { promisify } from "node:util";
import type { ByteSource, CallContext } from "@kloset/sdk";
import { withoutAlias, withPath } from "../fs/errors.js";
import { openUnleased } from "../fs/open-unleased.js";
import { splitPathname } from "../fs/pathname.js";
import { throwIfAborted } from "../fs/throw-if-aborted.js";
import { accessDirectory, accessDirectoryNow, withPathname, type DirectoryAccess } from "./directory-access.js";
import type { Fence } from "./fence.js";
import type { KeptDirectories } from "./kept-directories.js";
import { BlockingPolicy } from "../fs/blocking-policy.js";
import { changeOf, describeChange, type Change, type ChangingFiles } from "./changing-files.js";
import { isPseudoFile } from "./pseudo-files.js";

// The callback API, because a `FileHandle` costs three times as much.
const openOf = promisify(open);
const closeOf = promisify(close);

/** The largest chunk of one message on the wire. Files up to this size are read in one piece. */
const CHUNK_BYTES = 1024 * 1024;

/** Number of times that a file is read if it changes meanwhile. */
const MAX_READS = 3;

/**
 * Does not block on a FIFO and does not follow a symbolic link: either may have
 * replaced the file since the scan. Windows has neither flag.
 */
const FLAGS = constants.O_RDONLY | flag("O_NOFOLLOW") | flag("O_NONBLOCK");

function flag(name: "O_NOFOLLOW" | "O_NONBLOCK"): number {
  return (constants as Partial<Record<string, number>>)[name] ?? 0;
}

/** Opens a path, synchronously if the call may block the event loop. */
export type OpenPath = (path: string, flags: number, mayBlock: boolean) => number | Promise<number>;

const openPath: OpenPath = (path, flags, mayBlock) => (mayBlock ? openSync(path, flags) : openOf(path, flags));

/** A file that is open. */
interface OpenFile {
  readonly pathname: string;
  readonly fd: number;
  readonly mayBlock: boolean;
  readonly stat: StatFile;
}

/** Returns the state of an open file. */
type StatFile = (fd: number) => BigIntStats;

const statFile: StatFile = (fd) => fstatSync(fd, { bigint: true });

/** The parameters of reading a file. */
export interface ReadOptions {
  readonly context: CallContext;
  /** Decides about a file that changes while it is read. */
  readonly changes: ChangingFiles;
  /** Files outside of it are not read. */
  readonly fence?: Fence | undefined;
  /** Their directories, for files that are read at once. */
  readonly directories?: KeptDirectories | undefined;
  /** Replaced in tests. */
  readonly open?: OpenPath;
  /** Replaced in tests. */
  readonly stat?: StatFile;
}

const policy = new BlockingPolicy();

/**
 * Reads a regular file. Waits for a file that is leased.
 *
 * If the file changes during the read, the bytes may be a mix of old and new content:
 *
 * - If it has grown, its content up to the size at the start is returned.
 * - Otherwise, a file of at most 1 MiB is read again, at most twice. The bytes of a larger file cannot be withdrawn: it is
 *   read again only if it was emptied before its first byte was read.
 * - If it still changes, the bytes are kept, and `changes` reports it.
 *
 * If the size differs from the length of the content without a change, as in `/proc`, the content is read to its end.
 *
 * @param pathname - Absolute.
 * @returns The content of a small file, at once while the file system is fast; otherwise an iterable that opens the file
 * when iteration starts. Each chunk is valid until the next one is requested.
 * @throws Error that names the file; if `changes` asks for it, also if the content changes.
 */
export function readFile(pathname: string, options: ReadOptions): Uint8Array | Promise<ByteSource> {
  throwIfAborted(options.context);
  const mayBlock = policy.mayBlock();
  return (mayBlock ? readNow(pathname, options) : undefined) ?? readSoon(pathname, options, mayBlock);
}

/** @returns undefined unless this is a regular file that can be opened: `readSoon` then reports what is wrong. */
function readNow(pathname: string, options: ReadOptions): Uint8Array | Promise<ByteSource> | undefined {
  const { directories, stat = statFile } = options;
  if (directories === undefined) return undefined;
  const start = performance.now();
  const { parent, name } = splitPathname(pathname);
  let fd: number | undefined;
  try {
    // Checked before the file is opened: merely opening a device can have an effect.
    fd = openSync(directories.prefixOf(parent) + name, FLAGS);
    const before = stat(fd);
    if (!before.isFile()) return undefined;
    if (before.size > CHUNK_BYTES) return Promise.resolve(readChunks(pathname, options, false));
    const buffer = Buffer.allocUnsafe(Number(before.size) + 1);
    // A short read of a regular file means its end.
    const content = buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, null));
    const file: OpenFile = { pathname, fd, mayBlock: true, stat };
    const check = checkOf(file, before, content.length);
    if (check.change === "none") return content;
    const kept = keepChanged(file, { before, content, check }, options).finally(() => {
      closeSync(file.fd);
    });
    fd = undefined;
    return kept;
  } catch {
    directories.forget(parent);
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
    policy.blocked(performance.now() - start);
  }
}

async function readSoon(pathname: string, options: ReadOptions, mayBlock: boolean): Promise<ByteSource> {
  const start = performance.now();
  const fd = await openFile(pathname, mayBlock, options);
  try {
    const file: OpenFile = { pathname, fd, mayBlock, stat: options.stat ?? statFile };
    const before = statsOfFile(file);
    if (before.size > CHUNK_BYTES) return readChunks(pathname, options, false);
    const content = await readWhole(file, before, null);
    const check = checkOf(file, before, content.length);
    if (check.change !== "none") return await keepChanged(file, { before, content, check }, options);
    if (mayBlock) policy.blocked(performance.now() - start);
    return content;
  } catch (error) {
    throw withPath(error, pathname);
  } finally {
    closeSync(fd);
  }
}

/** A file of at most 1 MiB that was read. */
interface FirstRead {
  readonly before: BigIntStats;
  readonly content: Buffer;
  readonly check: Check;
}

async function keepChanged(file: OpenFile, first: FirstRead, options: ReadOptions): Promise<ByteSource> {
  const { pathname } = file;
  try {
    const kept = await readChanging(file, first, options.changes);
    return typeof kept === "string" ? readChunks(pathname, options, kept === "to its end") : kept;
  } catch (error) {
    throw withPath(error, pathname);
  }
}

async function openFile(
  pathname: string,
  mayBlock: boolean,
  { context, fence, open = openPath }: ReadOptions,
): Promise<number> {
  const { parent, name } = splitPathname(pathname);
  let access: DirectoryAccess;
  try {
    // Checked before the file is opened: merely opening a device can have an effect.
    access = mayBlock ? accessDirectoryNow(parent, fence) : await accessDirectory(parent, fence);
  } catch (error) {
    throw withoutAlias(error, parent, pathname);
  }
  try {
    const path = access.prefix + name;
    return await openUnleased(() => open(path, FLAGS, mayBlock), context);
  } catch (error) {
    throw withPathname(error, pathname);
  } finally {
    access.close();
  }
}

function statsOfFile({ fd, pathname, stat }: OpenFile): BigIntStats {
  const stats = stat(fd);
  if (!stats.isFile()) throw new Error(`${JSON.stringify(pathname)} is no longer a regular file`);
  return stats;
}

/** The state of a file after it was read. */
interface Check {
  readonly change: Change;
  readonly after: BigIntStats;
}

/** @param count - Number of bytes that were read. */
function checkOf({ fd, pathname, stat }: OpenFile, before: BigIntStats, count: number): Check {
  const after = stat(fd);
  const change = changeOf(before, after, count);
  if (change === "none") return { change, after };
  if (isPseudoFile(fd, before.dev)) return { change: "length", after };
  return { change: change === "status" && isElsewhere(pathname, before) ? "none" : change, after };
}

/** Returns true if the pathname does not lead to the file: the file was renamed or deleted. */
function isElsewhere(pathname: string, { ino, dev }: BigIntStats): boolean {
  try {
    const there = lstatSync(pathname, { bigint: true, throwIfNoEntry: false });
    return there === undefined || there.ino !== ino || there.dev !== dev;
  } catch {
    return false;
  }
}

/**
 * Reads the content up to the size in the stats, and one more byte if there is one.
 *
 * @param position - null to read from the current position, which files of `/proc` need.
 */
async function readWhole(
  { fd, mayBlock }: OpenFile,
  before: BigIntStats,
  position: 0 | null,
  extra = 1,
): Promise<Buffer> {
  const size = Number(before.size);
  const buffer = Buffer.allocUnsafe(size + extra);
  let count = 0;
  while (count < buffer.length) {
    const at = position === null ? null : count;
    const more = mayBlock
      ? readSync(fd, buffer, count, buffer.length - count, at)
      : await readInto(fd, buffer, count, at);
    if (more === 0) break;
    count += more;
    // A short read of a regular file means its end.
    if (count === size) break;
  }
  return buffer.subarray(0, count);
}

/**
 * Handles a file of at most 1 MiB that has changed, or has another length than its size.
 *
 * @returns The bytes to keep. If only a stream can hold them, how far to read it.
 */
async function readChanging(
  file: OpenFile,
  first: FirstRead,
  changes: ChangingFiles,
): Promise<Uint8Array | "to its size" | "to its end"> {
  let { before, content } = first;
  let { change, after } = first.check;
  for (let reads = 1; ; reads++) {
    const size = Number(before.size);
    if (change === "none") return content;
    if (change === "length") {
      if (content.length > size) return readOn(file, content);
      if (isPseudoFile(file.fd, before.dev)) return content;
    }
    const description = describeChange(file.pathname, before, after, content.length);
    if (changes.fail) throw new Error(description);
    const kept = content.subarray(0, size);
    if (change === "grown" && kept.equals(await readWhole(file, before, 0, 0))) return kept;
    if (reads === MAX_READS) {
      changes.kept(description);
      return kept;
    }
    before = statsOfFile(file);
    if (before.size > CHUNK_BYTES) return "to its size";
    content = await readWhole(file, before, 0);
    ({ change, after } = checkOf(file, before, content.length));
  }
}

/** Reads the rest of a file whose size is too small. */
async function readOn({ fd, mayBlock }: OpenFile, start: Buffer): Promise<Uint8Array | "to its end"> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let count = start.copy(buffer);
  while (count < buffer.length) {
    const more = mayBlock
      ? readSync(fd, buffer, count, buffer.length - count, count)
      : await readInto(fd, buffer, count, count);
    if (more === 0) return buffer.subarray(0, count);
    count += more;
  }
  return "to its end";
}

/** @param toEnd - Reads to the end, whatever the size is. */
async function* readChunks(
  pathname: string,
  options: ReadOptions,
  toEnd: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { context, changes } = options;
  const fd = await openFile(pathname, false, options);
  const file: OpenFile = { pathname, fd, mayBlock: false, stat: options.stat ?? statFile };
  let ahead: Promise<number> | undefined;
  try {
    // Two buffers in turn: one is filled while the host takes the other.
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let other = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let reads = 1; ; reads++) {
      const before = statsOfFile(file);
      let limit = toEnd ? Infinity : Number(before.size);
      let count = 0;
      ahead = readInto(fd, buffer, 0, 0);
      for (;;) {
        const bytes = await ahead;
        ahead = undefined;
        throwIfAborted(context);
        if (bytes === 0) break;
        const start = count;
        count += bytes;
        if (count > limit) {
          // Stop at the size: a file that grows as fast as it is read would never end.
          if (checkOf(file, before, count).change === "length") limit = Infinity;
          else {
            if (limit > start) yield buffer.subarray(0, limit - start);
            break;
          }
        }
        const chunk = buffer.subarray(0, bytes);
        [buffer, other] = [other, buffer];
        ahead = readInto(fd, buffer, 0, count);
        yield chunk;
      }
      const { change, after } = checkOf(file, before, count);
      if (change === "none" || (change === "length" && (count > before.size || isPseudoFile(fd, before.dev)))) return;
      const description = describeChange(pathname, before, after, count);
      if (changes.fail) throw new Error(description);
      if (change === "grown") return;
      // Bytes that were sent cannot be withdrawn.
      if (count === 0 && reads < MAX_READS) continue;
      changes.kept(description);
      return;
    }
  } catch (error) {
    throw withPath(error, pathname);
  } finally {
    // If the descriptor were closed during a read, that read could hit another file with the same number.
    await ahead?.catch(() => undefined);
    await closeOf(fd);
  }
}

function readInto(fd: number, buffer: Buffer, offset: number, position: number | null): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, buffer.length - offset, position, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
