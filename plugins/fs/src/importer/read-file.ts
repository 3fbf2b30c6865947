import { close, closeSync, constants, fstatSync, open, openSync, read, readSync, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import type { ByteSource } from "@kloset/sdk";
import { withoutAlias, withPath } from "../fs/errors.js";
import { openUnleased } from "../fs/open-unleased.js";
import { splitPathname } from "../fs/pathname.js";
import { accessDirectory, withPathname } from "./directory-access.js";
import type { Fence } from "./fence.js";
import { BlockingPolicy } from "./blocking-policy.js";
import { assertUnchanged } from "./unchanged.js";

// The callback API, because a `FileHandle` costs three times as much.
const openOf = promisify(open);
const closeOf = promisify(close);

/** The largest chunk of one message on the wire. Files up to this size are read in one piece. */
const CHUNK_BYTES = 1024 * 1024;

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

/** The parameters of opening a file. */
interface OpenOptions {
  readonly signal: AbortSignal;
  readonly fence: Fence | undefined;
  readonly open: OpenPath;
}

const policy = new BlockingPolicy();

/**
 * Reads a regular file. Fails if the file changes during the read, because the
 * bytes may be a mix of old and new content. Waits for a file that is leased.
 *
 * @param pathname - Absolute.
 * @param fence - Files outside of it are not read.
 * @param open - Replaced in tests.
 * @returns The content of a small file, otherwise an iterable that opens the file
 * when iteration starts. Each chunk is valid until the next one is requested.
 * @throws Error that names the file.
 */
export async function readFile(
  pathname: string,
  signal: AbortSignal,
  fence?: Fence,
  open: OpenPath = openPath,
): Promise<ByteSource> {
  signal.throwIfAborted();
  const options = { signal, fence, open };
  const mayBlock = policy.mayBlock();
  const start = performance.now();
  const fd = await openFile(pathname, mayBlock, options);
  try {
    const before = statsOfFile(fd, pathname);
    if (before.size > CHUNK_BYTES) return readChunks(pathname, options);
    const content = await readWhole(fd, pathname, before, mayBlock);
    if (mayBlock) policy.blocked(performance.now() - start);
    return content;
  } catch (error) {
    throw withPath(error, pathname);
  } finally {
    closeSync(fd);
  }
}

async function openFile(pathname: string, mayBlock: boolean, { signal, fence, open }: OpenOptions): Promise<number> {
  const { parent, name } = splitPathname(pathname);
  // Checked before the file is opened: merely opening a device can have an effect.
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
  if (!stats.isFile()) throw new Error(`${JSON.stringify(pathname)} is no longer a regular file`);
  return stats;
}

async function readWhole(fd: number, pathname: string, before: BigIntStats, mayBlock: boolean): Promise<Uint8Array> {
  const size = Number(before.size);
  // One more byte, to detect a file that has grown.
  const buffer = Buffer.allocUnsafe(size + 1);
  let count = 0;
  while (count < buffer.length) {
    const more = mayBlock
      ? readSync(fd, buffer, count, buffer.length - count, null)
      : await readInto(fd, buffer, count);
    if (more === 0) break;
    count += more;
    // A short read of a regular file means its end.
    if (count === size) break;
  }
  assertUnchanged(pathname, before, fstatSync(fd, { bigint: true }), count);
  return buffer.subarray(0, count);
}

async function* readChunks(pathname: string, options: OpenOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options;
  const fd = await openFile(pathname, false, options);
  let ahead: Promise<number> | undefined;
  try {
    const before = statsOfFile(fd, pathname);
    // Two buffers in turn: one is filled while the host takes the other.
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
      // Stop here: a file that grows as fast as it is read would never end.
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
    // If the descriptor were closed during a read, that read could hit another file with the same number.
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
