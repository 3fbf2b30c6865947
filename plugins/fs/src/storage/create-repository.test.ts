import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { FsStore } from "./store.js";
import { failDirectorySync } from "./testing.js";

const CONFIG = Buffer.from("config");

describe("createRepository", () => {
  let scratch: Scratch;
  let root: string;
  let store: FsStore;
  beforeEach(async () => {
    scratch = await makeScratch();
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

  it("can be tried again, whichever sync to the disk has failed", async () => {
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
    // Of three kinds, of the root twice, and of what is above the root the first time.
    expect(number).toBeGreaterThan(5);
    await expectRepository();
  });
});
