import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Fence } from "./fence.js";
import { makeFolder, messageOf, removeFolder } from "./testing/fixtures.js";

describe("a fence", () => {
  let folder: string;
  let top: string;
  const opened: number[] = [];
  beforeEach(() => {
    folder = makeFolder();
    top = join(folder, "top");
    mkdirSync(join(top, "a/b"), { recursive: true });
    mkdirSync(join(folder, "outside/b"), { recursive: true });
  });
  afterEach(() => {
    for (const fd of opened.splice(0)) closeSync(fd);
    removeFolder(folder);
  });

  function fd(path: string): number {
    const opening = openSync(path, constants.O_RDONLY);
    opened.push(opening);
    return opening;
  }

  it("is available on Linux only, and for directories only", () => {
    const fence = Fence.around(top);
    expect(fence !== undefined).toBe(process.platform === "linux");
    fence?.close();
    expect(Fence.around(join(folder, "none"))).toBeUndefined();
    writeFileSync(join(folder, "file"), "");
    expect(Fence.around(join(folder, "file"))).toBeUndefined();
    symlinkSync("top", join(folder, "link"));
    expect(Fence.around(join(folder, "link"))).toBeUndefined();
  });

  // On other systems there is no fence, as the test above shows.
  const linux = process.platform === "linux" ? ["linux"] : [];
  it.each(linux)("accepts directories below the top, even if /proc shows another path", async () => {
    symlinkSync("top", join(folder, "top2"));
    const fence = Fence.around(top);
    const verify = (path: string, pathname: string) => messageOf(() => fence?.verify(fd(path), pathname));
    expect(await verify(join(top, "a/b"), join(top, "a/b"))).toBeUndefined();
    expect(await verify(top, top)).toBeUndefined();
    renameSync(top, join(folder, "moved"));
    expect(await verify(join(folder, "moved/a/b"), join(top, "a/b"))).toBeUndefined();
    fence?.close();
    const everything = Fence.around("/");
    everything?.verify(fd(join(folder, "moved/a/b")), join(folder, "moved/a/b"));
    expect(everything?.covers("/x")).toBe(true);
    everything?.close();
  });

  it.each(linux)("rejects a directory behind a link, and names the path", async () => {
    const fence = Fence.around(top);
    renameSync(join(top, "a"), join(folder, "away"));
    symlinkSync(join(folder, "outside"), join(top, "a"));
    const before = readdirSync("/proc/self/fd").length;
    const path = join(top, "a/b");
    expect(await messageOf(() => fence?.verify(fd(path), path))).toBe(
      `ELOOP: a directory of the path was replaced by a symbolic link during the backup, '${path}'`,
    );
    expect(await messageOf(() => fence?.verify(fd(join(folder, "away")), join(top, "a")))).toBe(
      `ESTALE: replaced by another directory during the backup, '${join(top, "a")}'`,
    );
    expect(await messageOf(() => fence?.verify(fd(path), join(top, "none/c")))).toContain(`'${join(top, "none/c")}'`);
    for (const one of opened.splice(0)) closeSync(one);
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
    expect(fence?.covers(join(folder, "outside"))).toBe(false);
    fence?.close();
  });
});
