import { lstat, mkdir, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { DirectoryHandles } from "./directory-handles.js";

describe("DirectoryHandles", () => {
  let scratch: Scratch;
  let directories: DirectoryHandles | undefined;
  beforeEach(async () => {
    scratch = await makeScratch();
    directories = await DirectoryHandles.open(scratch.path);
  });
  afterEach(async () => {
    await directories?.close();
    expect(await openBelow()).toEqual([]);
    scratch.remove();
  });

  /** Returns the open paths of this process in the scratch directory; always empty on other systems than Linux. */
  async function openBelow(): Promise<string[]> {
    if (process.platform !== "linux") return [];
    const names = await readdir("/proc/self/fd");
    const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
    return paths.filter((path) => path.startsWith(scratch.path));
  }

  it("are available on Linux only", () => {
    expect(directories !== undefined).toBe(process.platform === "linux");
  });

  it("limits the number of open directories", async () => {
    const names = Array.from({ length: 200 }, (_, i) => String(i));
    await Promise.all(names.map((name) => mkdir(join(scratch.path, name))));
    await Promise.all(
      names.map(async (name) => directories?.within(`/${name}`, (directory) => readdir(directory.at(".")))),
    );
    expect((await openBelow()).length).toBeLessThan(70);
  });

  it("are closed once if their last user ends while others are forgotten", async () => {
    for (const name of ["unused", "used"]) await mkdir(join(scratch.path, name));
    await directories?.within("/unused", () => Promise.resolve());
    let end: () => void = () => undefined;
    let using: Promise<void> | undefined;
    const started = new Promise<void>((resolve) => {
      const work = (): Promise<void> => {
        resolve();
        return new Promise((ended) => (end = ended));
      };
      using = directories?.within("/used", work);
      if (directories === undefined) resolve();
    });
    await started;
    const forgotten = directories?.forget();
    end();
    await Promise.all([forgotten, using]);
    expect(await openBelow()).toHaveLength(directories === undefined ? 0 : 1);
  });

  it("stay open while in use, even if forgotten, and are closed afterwards", async () => {
    await mkdir(join(scratch.path, "a", "b"), { recursive: true });
    await directories?.within("/a/b", async (outer) => {
      await directories?.forget();
      expect(await readdir(outer.at("."))).toEqual([]);
      await directories?.within("/a/b", (inner) => mkdir(inner.at("c")));
      expect(await readdir(outer.at("."))).toEqual(["c"]);
    });
    await directories?.forget();
    expect(await openBelow()).toHaveLength(directories === undefined ? 0 : 1);
  });

  it("stay cached when the same directory is found, and are dropped with all below when another one is", async () => {
    await mkdir(join(scratch.path, "a", "b"), { recursive: true });
    await directories?.within("/a/b", async () => undefined);
    const before = await openBelow();
    await directories?.found("/a", await lstat(join(scratch.path, "a"), { bigint: true }));
    expect(await openBelow()).toEqual(before);
    await directories?.found("/a", await lstat(scratch.path, { bigint: true }));
    expect(await openBelow()).toEqual(directories === undefined ? [] : [scratch.path]);
  });

  it("are closed when the work fails", async () => {
    await mkdir(join(scratch.path, "a"));
    const failing = directories?.within("/a", async () => {
      throw new Error("failed");
    });
    await expect(failing ?? Promise.reject(new Error("failed"))).rejects.toThrow("failed");
    await expect(
      directories?.within("/a/none/b", async () => undefined) ?? Promise.reject(new Error("none")),
    ).rejects.toThrow("none");
  });
});
