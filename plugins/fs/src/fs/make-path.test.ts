import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makePath } from "./make-path.js";
import { asOrdinaryUser, makeScratch, type Scratch } from "./testing.js";

describe("makePath", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  it("makes the missing directories, and returns the topmost one", async () => {
    const path = join(scratch.path, "a/b/c");
    expect(await makePath(path, 0o700)).toBe(join(scratch.path, "a"));
    expect(await makePath(path, 0o700)).toBeUndefined();
    expect(await makePath(join(path, "d"), 0o700)).toBe(join(path, "d"));
    for (const name of ["a", "a/b", "a/b/c"]) expect((await lstat(join(scratch.path, name))).mode).toBe(0o040700);
    expect(await makePath("/", 0o700)).toBeUndefined();
  });

  it("accepts links to directories, even in concurrent calls", async () => {
    await mkdir(join(scratch.path, "real"));
    await symlink("real", join(scratch.path, "link"));
    const wanted = Array.from({ length: 20 }, () => makePath(join(scratch.path, "link/x/y"), 0o700));
    await Promise.all(wanted);
    expect((await lstat(join(scratch.path, "real/x/y"))).isDirectory()).toBe(true);
    expect(await makePath(join(scratch.path, "link"), 0o700)).toBeUndefined();
  });

  it("names the path that is not a directory or cannot be made", async () => {
    const file = join(scratch.path, "file");
    await writeFile(file, "");
    await expect(makePath(file, 0o700)).rejects.toThrow(`ENOTDIR: not a directory, '${file}'`);
    await expect(makePath(join(file, "x"), 0o700)).rejects.toThrow(
      `ENOTDIR: not a directory, mkdir '${join(file, "x")}'`,
    );
    await symlink("nowhere", join(scratch.path, "dangling"));
    await expect(makePath(join(scratch.path, "dangling"), 0o700)).rejects.toThrow("EEXIST");
    const closed = join(scratch.path, "closed");
    await mkdir(closed);
    await chmod(closed, 0o555);
    await asOrdinaryUser(async () => {
      await expect(makePath(join(closed, "a/b"), 0o700)).rejects.toThrow(
        `EACCES: permission denied, mkdir '${closed}/a'`,
      );
    });
  });
});
