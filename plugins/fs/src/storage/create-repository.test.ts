import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { temporaryName } from "../fs/temporary-name.js";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { FsStore } from "./store.js";
import { failDirectorySync } from "./testing.js";

const CONFIG = Buffer.from("config");

describe("createRepository", () => {
  let scratch: Scratch;
  let root: string;
  let store: FsStore;
  beforeEach(async () => {
    scratch = await makeScratch("memory");
    root = join(scratch.path, "repository");
    store = new FsStore("", root);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    scratch.remove();
  });

  async function expectRepository(): Promise<void> {
    expect(Buffer.from(await store.open())).toEqual(CONFIG);
    expect((await readdir(root)).sort()).toEqual(["CONFIG", "locks", "packfiles", "states"]);
    for (const kind of ["packfiles", "states"]) expect((await readdir(join(root, kind))).length).toBe(256);
  }

  /** Returns the temporary name of a process that has ended. */
  function nameOfDead(): string {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    return temporaryName().replace(/-[0-9a-f]+-(?=[0-9a-f]{12}$)/, `-${pid.toString(16)}-`);
  }

  it("can be retried after any failed sync", async () => {
    let number = 1;
    for (; ; number++) {
      const { count } = await failDirectorySync(number);
      const created = await store.create(CONFIG).then(
        () => true,
        (error: unknown) => String(error),
      );
      jest.restoreAllMocks();
      if (created === true) {
        expect(count()).toBe(number - 1);
        break;
      }
      expect(created).toContain("EIO: i/o error, fsync");
      expect({ number, left: await readdir(root) }).toEqual({ number, left: [] });
    }
    // Three kinds, the root twice, and the first time the parents of the root.
    expect(number).toBeGreaterThan(5);
    await expectRepository();
  });

  it.each([
    ["some folders", ["packfiles/00", "packfiles/0a", "states"]],
    ["one folder", ["packfiles"]],
    ["all folders but one", ["locks", "packfiles", "states/ff"]],
  ])("replaces the leftovers of a killed create: %s", async (_, folders) => {
    for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, nameOfDead()), "half of a configuration");
    await store.create(CONFIG);
    await expectRepository();
  });

  it.each([
    ["a file", (path: string) => writeFile(join(path, "packfiles", "00", "f"), "")],
    ["a folder of another name", (path: string) => mkdir(join(path, "packfiles", "zz"))],
    ["a folder in a folder", (path: string) => mkdir(join(path, "packfiles", "00", "00"))],
    ["a link", (path: string) => symlink("packfiles", join(path, "states"))],
    ["an unfinished file of a living process", (path: string) => writeFile(join(path, temporaryName()), "")],
    ["an unfinished resource", (path: string) => writeFile(join(path, "packfiles", temporaryName()), "")],
  ])("rejects a folder with %s, and leaves it unchanged", async (_, put) => {
    await mkdir(join(root, "packfiles", "00"), { recursive: true });
    await put(root);
    const before = (await readdir(root, { recursive: true })).sort();
    await expect(store.create(CONFIG)).rejects.toThrow(`directory ${root} is not empty`);
    expect((await readdir(root, { recursive: true })).sort()).toEqual(before);
  });
});
