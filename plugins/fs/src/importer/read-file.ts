import { close, closeSync, constants, fstatSync, open, openSync, read, readSync, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import type { ByteSource } from "@kloset/sdk";
import { withoutAlias, withPath } from "../fs/errors.js";
import { openUnleased } from "../fs/open-unleased.js";
import { splitPathname } from "../fs/pathname.js";
import { accessDirectory, withPathname } from "./directory-access.js";
import type { Fence } from "./fence.js";
import { Pace } from "./pace.js";
import { assertUnchanged } from "./unchanged.js";

// The callback API: a `FileHandle` costs three times as much.
const openOf = promisify(open);
const closeOf = promisify(close);

/** The largest chunk of one message on the wire. Files up to it are read at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * A FIFO must not block, and a symbolic link must not be followed: either may
 * have taken the place of the file that was scanned. Windows has neither flag.
 */
const FLAGS = constants.O_RDONLY | flag("O_NOFOLLOW") | flag("O_NONBLOCK");

function flag(name: "O_NOFOLLOW" | "O_NONBLOCK"): number {
  return (constants as Partial<Record<string, number>>)[name] ?? 0;
}

/** Opens a path; on the event loop where it may block. */
export type OpenPath = (path: string, flags: number, mayBlock: boolean) => number | Promise<number>;

const openPath: OpenPath = (path, flags, mayBlock) => (mayBlock ? openSync(path, flags) : openOf(path, flags));

/** How a file is reached. */
interface Reaching {
  readonly signal: AbortSignal;
  readonly fence: Fence | undefined;
  readonly open: OpenPath;
}

const pace = new Pace();

/**
 * Reads a regular file. One that changes meanwhile is an error: what was read
 * may be half of the old and half of the new content. One that is leased is
 * waited for.
 *
 * @param pathname - Absolute.
 * @param fence - What is outside of it is not read.
 * @param open - For tests.
 * @returns The content when it is small, else an iteration that opens the file
 * once it is started. A chunk of it is valid until the next one is asked for.
 * @throws Error that names the file.
 */
export async function readFile(
  pathname: string,
  signal: AbortSignal,
  fence?: Fence,
  open: OpenPath = openPath,
): Promise<ByteSource> {
  signal.throwIfAborted();
  const reaching = { signal, fence, open };
  const mayBlock = pace.mayBlock();
  const start = performance.now();
  const fd = await openFile(pathname, mayBlock, reaching);
  try {
    const before = statsOfFile(fd, pathname);
    if (before.size > CHUNK_BYTES) return readChunks(pathname, reaching);
    const content = await readWhole(fd, pathname, before, mayBlock);
    if (mayBlock) pace.blocked(performance.now() - start);
    return content;
  } catch (error) {
    throw withPath(error, pathname);
  } finally {
    closeSync(fd);
  }
}

async function openFile(pathname: string, mayBlock: boolean, { signal, fence, open }: Reaching): Promise<number> {
  const { parent, name } = splitPathname(pathname);
  // Held, and not looked at afterwards: merely to open a device elsewhere may start something.
  const access = await accessDirectory(parent, fence, mayBlock).catch((error: unknown) => {
    throw withoutAlias(error, parent, pathname);
  });
  try {
    const path = access.prefix + name;
    return await openUnleased(() => open(path, FLAGS, mayBlock), signal);
  } catch (error) {
    throw withPathname(error, pathname);
  } finally {
    access.close();
  }
}

function statsOfFile(fd: number, pathname: string): BigIntStats {
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile()) throw new Error(`${JSON.stringify(pathname)} is not a regular file any more`);
  return stats;
}

async function readWhole(fd: number, pathname: string, before: BigIntStats, mayBlock: boolean): Promise<Uint8Array> {
  const size = Number(before.size);
  // One more byte, to see a file that has more.
  const buffer = Buffer.allocUnsafe(size + 1);
  let count = 0;
  while (count < buffer.length) {
    const more = mayBlock
      ? readSync(fd, buffer, count, buffer.length - count, null)
      : await readInto(fd, buffer, count);
    if (more === 0) break;
    count += more;
    // A regular file gives less than was asked for only at its end.
    if (count === size) break;
  }
  assertUnchanged(pathname, before, fstatSync(fd, { bigint: true }), count);
  return buffer.subarray(0, count);
}

async function* readChunks(pathname: string, reaching: Reaching): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = reaching;
  const fd = await openFile(pathname, false, reaching);
  let ahead: Promise<number> | undefined;
  try {
    const before = statsOfFile(fd, pathname);
    // Two buffers in turn: the file is read into one while the host takes the other.
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let other = Buffer.allocUnsafe(CHUNK_BYTES);
    let count = 0;
    ahead = readInto(fd, buffer, 0);
    for (;;) {
      const bytes = await ahead;
      ahead = undefined;
      signal.throwIfAborted();
      if (bytes === 0) break;
      count += bytes;
      // At once: a file that grows as fast as it is read would never end.
      if (count > before.size) break;
      const chunk = buffer.subarray(0, bytes);
      [buffer, other] = [other, buffer];
      ahead = readInto(fd, buffer, 0);
      yield chunk;
    }
    assertUnchanged(pathname, before, fstatSync(fd, { bigint: true }), count);
  } catch (error) {
    throw withPath(error, pathname);
  } finally {
    // A descriptor that is closed while it is read might be another file's by then.
    await ahead?.catch(() => undefined);
    await closeOf(fd);
  }
}

function readInto(fd: number, buffer: Buffer, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, buffer.length - offset, null, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
