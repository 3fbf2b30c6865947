import { fstatSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { jest } from "@jest/globals";

/**
 * For tests: makes one of the syncs of directories fail, as a broken disk does,
 * until `jest.restoreAllMocks()`.
 *
 * @param number - Which one, from 1.
 * @returns How many there were so far.
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
