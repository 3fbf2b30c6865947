import { fstatSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { jest } from "@jest/globals";
import type { Awaitable, ByteSource } from "@kloset/sdk";

/**
 * Makes one sync of a directory fail, as on a broken disk, until
 * `jest.restoreAllMocks()`.
 *
 * @param number - The number of the failing sync, from 1.
 * @returns A function that returns the number of syncs so far.
 */
export async function failDirectorySync(number: number): Promise<{ count: () => number }> {
  const handle = await open("/");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its handle
  const { sync } = prototype;
  let count = 0;
  jest.spyOn(prototype, "sync").mockImplementation(async function (this: FileHandle) {
    if (fstatSync(this.fd).isDirectory() && ++count === number) {
      throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
    }
    return sync.call(this);
  });
  return { count: () => count };
}

/** Reads the content of a resource to its end. Copies each chunk: its memory is used again. */
export async function bytesOf(content: Awaitable<ByteSource>): Promise<Buffer> {
  const source = await content;
  if (source instanceof Uint8Array) return Buffer.from(source);
  if (!(Symbol.asyncIterator in source)) throw new TypeError("expected an async iterable");
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
