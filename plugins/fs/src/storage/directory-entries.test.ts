import { mkdir, readdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { entriesOf, type DirectoryEntry } from "./directory-entries.js";
import { Layout } from "./layout.js";
import { listResources } from "./list-resources.js";
import { sizeOfTree } from "./size-of-tree.js";
import { FsStore } from "./store.js";

describe("on a file system without types of entries", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Fakes Node's `readdir` on such a file system when an entry was deleted. */
  async function untyped(path: string): Promise<readonly DirectoryEntry[]> {
    const [first] = await readdir(path);
    throw systemError("ENOENT", "no such file or directory, lstat", first === undefined ? path : join(path, first));
  }

  it("returns the type of each entry", async () => {
    await mkdir(join(scratch.path, "directory"));
    await symlink("file-00", join(scratch.path, "link"));
    for (let i = 0; i < 70; i++) await writeFile(join(scratch.path, `file-${String(i).padStart(2, "0")}`), "");
    const entries = await entriesOf(scratch.path, untyped);
    expect(entries.length).toBe(72);
    expect(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual(["directory"]);
    expect(entries.filter((entry) => entry.isFile()).length).toBe(70);
  });

  it("leaves out only a deleted entry", async () => {
    for (const name of ["a", "b", "c"]) await writeFile(join(scratch.path, name), "");
    const entries = await entriesOf(scratch.path, untyped, async (path) => {
      const names = await readdir(path);
      await unlink(join(path, "b"));
      return names;
    });
    expect(entries.map(({ name }) => name).sort()).toEqual(["a", "c"]);
  });

  it("fails with ENOENT only for the directory itself", async () => {
    const missing = join(scratch.path, "missing");
    await expect(entriesOf(missing)).rejects.toThrow(`ENOENT: no such file or directory, scandir '${missing}'`);
    await expect(entriesOf(missing, untyped)).rejects.toThrow(
      `ENOENT: no such file or directory, scandir '${missing}'`,
    );
  });

  it("passes on other errors", async () => {
    const refuse = (path: string): Promise<never> => Promise.reject(systemError("EACCES", "permission denied", path));
    await expect(entriesOf(scratch.path, refuse)).rejects.toThrow("EACCES");
  });

  it("lists and measures a repository while a resource is deleted", async () => {
    const store = new FsStore("", scratch.path);
    await store.create(Buffer.from("config"));
    const macs = ["11", "22", "33"].map((byte) => Mac.fromHex(byte.repeat(32)));
    for (const mac of macs) {
      for (const kind of ["lock", "state"] as const) {
        await store.put(
          kind,
          mac,
          (async function* () {
            yield Buffer.from("x");
          })(),
        );
      }
    }
    const layout = new Layout(scratch.path);
    for (const kind of ["lock", "state"] as const) {
      const listed: string[] = [];
      for await (const mac of listResources(layout, kind, untyped)) listed.push(mac.hex);
      expect(listed.sort()).toEqual(macs.map(({ hex }) => hex));
    }
    expect(await sizeOfTree(scratch.path, untyped)).toBe("config".length + 6);
  });
});
