import { fstatSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { jest } from "@jest/globals";

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
