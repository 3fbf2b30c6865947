import { mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Notices } from "../fs/notices.js";
import { ChangingFiles } from "./changing-files.js";
import { Fence } from "./fence.js";
import { KeptDirectories } from "./kept-directories.js";
import { readFile } from "./read-file.js";
import { makeFolder, messageOf, removeFolder } from "./testing/fixtures.js";

// Directories are kept open inside a fence only, and only Linux has one.
(process.platform === "linux" ? describe : describe.skip)("kept directories", () => {
  let folder: string;
  let top: string;
  let fence: Fence | undefined;
  let directories: KeptDirectories;
  beforeEach(() => {
    folder = makeFolder();
    top = join(folder, "top");
    for (let n = 0; n < 40; n++) mkdirSync(join(top, `d${n}`), { recursive: true });
    writeFileSync(join(top, "d0/file"), "scanned");
    fence = Fence.around(top);
    directories = new KeptDirectories(fence);
  });
  afterEach(() => {
    directories.close();
    fence?.close();
    removeFolder(folder);
  });

  /** The directories below the top that this process has open. */
  function openDirectories(): string[] {
    return readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(`${top}/`) ? [path] : [];
      } catch {
        return [];
      }
    });
  }

  async function read(pathname: string): Promise<string> {
    const context = { signal: new AbortController().signal };
    const changes = new ChangingFiles("keep", new Notices("tsfs", () => undefined));
    const content = await readFile(pathname, { context, fence, directories, changes });
    if (!(content instanceof Uint8Array)) throw new Error("not read in one piece");
    return Buffer.from(content).toString();
  }

  it("are open for a moment, at most 16 of them", async () => {
    const prefix = directories.prefixOf(join(top, "d0"));
    expect(openDirectories()).toEqual([join(top, "d0")]);
    for (let n = 0; n < 40; n++) directories.prefixOf(join(top, `d${n}`));
    expect(openDirectories().length).toBeLessThanOrEqual(16);
    expect(prefix).toMatch(/^\/proc\/self\/fd\/\d+\/$/);
    while (openDirectories().length > 0) await setTimeout(5);
  });

  it("are closed with their importer", () => {
    directories.prefixOf(join(top, "d0"));
    directories.close();
    expect(openDirectories()).toEqual([]);
  });

  it("find a file by its pathname if their own directory was replaced", async () => {
    expect(await read(join(top, "d0/file"))).toBe("scanned");
    renameSync(join(top, "d0"), join(top, "old"));
    mkdirSync(join(top, "d0"));
    writeFileSync(join(top, "d0/new"), "new");
    expect(await read(join(top, "d0/new"))).toBe("new");
  });

  it("never lead outside of the fence", async () => {
    mkdirSync(join(folder, "outside"));
    for (const name of ["file", "secret"]) writeFileSync(join(folder, "outside", name), "secret");
    expect(await read(join(top, "d0/file"))).toBe("scanned");
    renameSync(join(top, "d0"), join(top, "old"));
    symlinkSync(join(folder, "outside"), join(top, "d0"));
    expect(await messageOf(() => read(join(top, "d0/secret")))).toContain(join(top, "d0"));
    // Either the file that was scanned, or an error that names the link.
    const file = await read(join(top, "d0/file")).catch((error: unknown) => String(error));
    expect(file === "scanned" || file.includes(join(top, "d0"))).toBe(true);
  });
});
