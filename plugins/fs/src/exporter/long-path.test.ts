import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, streamOf, type Scratch } from "../fs/testing.js";
import { DirectoryHandles } from "./directory-handles.js";
import type { FsExporter } from "./exporter.js";
import { expectTime, makeExporter, idle, ownInfo, ACCESS_KINDS } from "./testing.js";

/** 40 levels of 250 bytes, above the limit of 4,096 bytes. */
const DEEP = `/${Array.from({ length: 40 }, (_, i) => String(i).padEnd(250, "n")).join("/")}`;

describe("a path above the system's length limit", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  async function restore(exporter: FsExporter): Promise<void> {
    const info = ownInfo({ permissions: 0o640, modTime: 1_234_567_000n });
    await exporter.createDirectory(DEEP);
    await exporter.createDirectory(DEEP);
    await exporter.storeFile(`${DEEP}/file`, streamOf(["deep"]), 4, idle);
    await exporter.setPermissions(`${DEEP}/file`, info);
    await exporter.createLink("file", `${DEEP}/symlink`, "symbolic");
    await exporter.setPermissions(`${DEEP}/symlink`, { ...info, mode: ownInfo({ type: "symlink" }).mode });
    await exporter.createLink(`${DEEP}/file`, `${DEEP}/hardlink`, "hard");
    await exporter.createSpecial(`${DEEP}/fifo`, ownInfo({ type: "fifo" }));
    await exporter.setExtendedAttribute(`${DEEP}/file`, "user.a", "extended", Buffer.from("v"));
    await exporter.setPermissions(DEEP, ownInfo({ type: "directory", permissions: 0o711 }));
  }

  it.each(ACCESS_KINDS)("is restored with handles, or rejected with ENAMETOOLONG: %s", async (access) => {
    const exporter = await makeExporter(scratch.path, access);
    if (access === "paths") {
      await expect(restore(exporter)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
      await exporter.close();
      return;
    }
    await restore(exporter);
    await exporter.close();
    const directories = await DirectoryHandles.open(scratch.path);
    expect(directories).toBeDefined();
    await directories?.within(DEEP, async (directory) => {
      expect((await readdir(directory.at("."))).sort()).toEqual(["fifo", "file", "hardlink", "symlink"]);
    });
    await directories?.inode(`${DEEP}/file`, async ({ stats }) => {
      expect(stats).toMatchObject({ mode: 0o100640n, nlink: 2n, size: 4n });
      expectTime(stats.mtimeNs, 1_234_567_000n);
    });
    await directories?.inode(DEEP, async ({ stats }) => {
      expect(stats.mode).toBe(0o040711n);
    });
    await directories?.close();
  });

  it.each(ACCESS_KINDS)("leaves no file descriptor open: %s", async (access) => {
    const before = process.platform === "linux" ? (await readdir("/proc/self/fd")).length : 0;
    const exporter = await makeExporter(scratch.path, access);
    await restore(exporter).catch(() => undefined);
    await exporter.storeFile("/none/f", streamOf(["x"]), 1, idle).catch(() => undefined);
    await exporter.close();
    const after = process.platform === "linux" ? (await readdir("/proc/self/fd")).length : 0;
    expect(after).toBe(before);
  });
});
