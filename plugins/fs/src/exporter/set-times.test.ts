import { lstat, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { nativeTimes, setTimes, setTimesNow, type NativeTimes } from "./set-times.js";
import { expectTimeOfNode } from "./testing.js";

const isLinux = process.platform === "linux";
const TIMES = [0n, 1n, -1n, -1_500_000_001n, 999_999_999n, 1_700_000_000_123_456_789n, 4_102_444_800_999_999_999n];

describe("setTimes", () => {
  let scratch: Scratch;
  let file: string;
  let link: string;
  beforeEach(async () => {
    scratch = await makeScratch();
    file = join(scratch.path, "file");
    link = join(scratch.path, "link");
    await writeFile(file, "");
    await symlink("file", link);
  });
  afterEach(() => {
    scratch.remove();
  });

  async function timeOf(path: string): Promise<bigint> {
    const { atimeNs, mtimeNs } = await lstat(path, { bigint: true });
    expect(atimeNs).toBe(mtimeNs);
    return mtimeNs;
  }

  it("loads the native library on Linux", () => {
    expect(nativeTimes() !== null).toBe(isLinux);
  });

  it("sets files, open files and links, exact to the nanosecond with the native library", async () => {
    const handle = await open(file);
    for (const time of TIMES) {
      await setTimes({ path: link }, time);
      if (isLinux) expect(await timeOf(file)).toBe(time);
      await setTimes({ handle }, time + 1n);
      if (isLinux) expect(await timeOf(file)).toBe(time + 1n);
      await setTimes({ link }, time + 2n);
      if (isLinux) expect(await timeOf(link)).toBe(time + 2n);
      expectTimeOfNode(await timeOf(file), time + 1n);
    }
    await handle.close();
  });

  it("sets them as precisely as Node can without the library, or if its call fails", async () => {
    const fails = Object.assign(() => -1, { async: () => undefined });
    const handle = await open(file);
    for (const native of [null, { utimensat: fails, futimens: fails }]) {
      await setTimes({ path: file }, 1_000_000_001_000n, native);
      expectTimeOfNode(await timeOf(file), 1_000_000_001_000n);
      await setTimes({ handle }, 2_000_000_001_000n, native);
      expectTimeOfNode(await timeOf(file), 2_000_000_001_000n);
      await setTimes({ link }, 3_000_000_001_000n, native);
      expectTimeOfNode(await timeOf(link), 3_000_000_001_000n);
      expectTimeOfNode(await timeOf(file), 2_000_000_001_000n);
    }
    await handle.close();
  });

  it("sets entries of an open directory at once, without following a link", async () => {
    const directory = await open(scratch.path);
    await setTimes({ path: file }, 5n);
    for (const time of isLinux ? TIMES : []) {
      expect(setTimesNow(directory.fd, "link", time)).toBe(true);
      expect(await timeOf(link)).toBe(time);
    }
    if (isLinux) expect(await timeOf(file)).toBe(5n);
    expect(setTimesNow(directory.fd, "none", 0n)).toBe(false);
    expect(setTimesNow(directory.fd, "link", 0n, null)).toBe(false);
    await directory.close();
  });

  it("reports the error of Node for a missing entry", async () => {
    const none = join(scratch.path, "none");
    await expect(setTimes({ path: none }, 0n)).rejects.toThrow(`ENOENT: no such file or directory, utime '${none}'`);
  });

  it("calls in another thread after a call that took long", async () => {
    let calls = "";
    const utimensat: NativeTimes["utimensat"] = Object.assign(
      () => {
        const end = performance.now() + 20;
        while (performance.now() < end);
        calls += "b";
        return 0;
      },
      {
        async: (...[, , , , callback]: Parameters<NativeTimes["utimensat"]["async"]>) => {
          calls += "a";
          callback(null, 0);
        },
      },
    );
    for (let i = 0; i < 40; i++) {
      await setTimes({ path: file }, 0n, { utimensat, futimens: Object.assign(() => -1, { async: () => undefined }) });
    }
    expect(calls).toMatch(/^b?a{32}b/);
    const now = nativeTimes();
    for (let i = 0; i < 40; i++) await setTimes({ path: file }, BigInt(i), now);
    if (isLinux) expect(await timeOf(file)).toBe(39n);
  });
});
