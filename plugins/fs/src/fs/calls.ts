import * as fs from "node:fs";
import { promisify } from "node:util";
import { BlockingPolicy } from "./blocking-policy.js";

/** Number of calls in the thread pool after a slow one: some 32 files. */
const ASYNC_AFTER_SLOW = 256;

/** At most this many bytes are copied to or from the system's cache in less time than the thread pool costs. */
export const BLOCKING_MAX = 64 * 1024;

/** Shared by all calls of this module. */
export const policy = new BlockingPolicy(ASYNC_AFTER_SLOW);

/**
 * Makes a call that blocks the event loop while the file system is fast, and uses the thread pool otherwise: see
 * {@link BlockingPolicy}. Both have the same errors.
 */
function call<Arguments extends readonly unknown[], Result>(
  block: (...args: Arguments) => Result,
  pool: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    if (!policy.mayBlock()) return pool(...args);
    const before = performance.now();
    try {
      return block(...args);
    } finally {
      policy.blocked(performance.now() - before);
    }
  };
}

/** Opens a file and returns its descriptor. */
export const openFile = call<[path: string, flags: number, mode?: number], number>(
  fs.openSync,
  promisify<string, number, number | undefined, number>(fs.open),
);
/** Closes a descriptor. */
export const closeFile = call<[fd: number], void>(fs.closeSync, promisify(fs.close));
/** Changes the mode of an open file. */
export const chmodFile = call<[fd: number, mode: number], void>(fs.fchmodSync, promisify(fs.fchmod));
/** Changes the owner and group of an open file. */
export const chownFile = call<[fd: number, uid: number, gid: number], void>(fs.fchownSync, promisify(fs.fchown));
export const chmod = call<[path: string, mode: number], void>(fs.chmodSync, promisify(fs.chmod));
export const chown = call<[path: string, uid: number, gid: number], void>(fs.chownSync, promisify(fs.chown));
export const lchown = call<[path: string, uid: number, gid: number], void>(fs.lchownSync, promisify(fs.lchown));
export const mkdir = call<[path: string, mode: number], void>((path, mode) => {
  fs.mkdirSync(path, mode);
}, promisify<string, number>(fs.mkdir));
export const rename = call<[from: string, to: string], void>(fs.renameSync, promisify(fs.rename));
export const unlink = call<[path: string], void>(fs.unlinkSync, promisify(fs.unlink));
export const link = call<[existing: string, path: string], void>(fs.linkSync, promisify(fs.link));
export const symlink = call<[target: string, path: string], void>(
  fs.symlinkSync,
  promisify<string, string>(fs.symlink),
);
/** Returns the state of an open file. */
export const statFile = call<[fd: number], fs.BigIntStats>(
  (fd) => fs.fstatSync(fd, { bigint: true }),
  (fd) =>
    new Promise((resolve, reject) => {
      fs.fstat(fd, { bigint: true }, (error, stats) => {
        if (error === null) resolve(stats);
        else reject(error);
      });
    }),
);
/** Returns the state of an entry, not following a symbolic link. */
export const lstat = call<[path: string], fs.BigIntStats>(
  (path) => fs.lstatSync(path, { bigint: true }),
  (path) => fs.promises.lstat(path, { bigint: true }),
);

type Part = [fd: number, bytes: Uint8Array, offset: number, length: number, position: number];

const writeInPool = (...[fd, bytes, offset, length, position]: Part): Promise<number> =>
  new Promise((resolve, reject) => {
    fs.write(fd, bytes, offset, length, position, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
const writeSmall = call<Part, number>(fs.writeSync, writeInPool);

/** Writes a part of `bytes` at a position, and returns how many were written. */
export function writeFile(...args: Part): Promise<number> {
  return args[3] <= BLOCKING_MAX ? writeSmall(...args) : writeInPool(...args);
}

const readInPool = (...[fd, bytes, offset, length, position]: Part): Promise<number> =>
  new Promise((resolve, reject) => {
    fs.read(fd, bytes, offset, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
const readSmall = call<Part, number>(fs.readSync, readInPool);

/** Reads into a part of `bytes` from a position, and returns how many bytes were read. 0 is the end of the file. */
export function readFile(...args: Part): Promise<number> {
  return args[3] <= BLOCKING_MAX ? readSmall(...args) : readInPool(...args);
}

/** Syncs the content and size of an open file to disk. Always in the thread pool. */
export const syncFile: (fd: number) => Promise<void> = promisify(fs.fdatasync);
/** Sets the size of an open file. */
export const truncateFile = call<[fd: number, size: number], void>(fs.ftruncateSync, promisify(fs.ftruncate));
