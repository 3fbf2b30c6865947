import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, streamOf, type Scratch } from "../fs/testing.js";
import type { FsExporter } from "./exporter.js";
import { makeExporter, idle, ownInfo, ACCESS_KINDS } from "./testing.js";

/** Returns the observable state of a tree, including mtime and ctime. */
async function pictureOf(path: string): Promise<Record<string, string>> {
  const picture: Record<string, string> = {};
  for (const entry of ["", ...(await readdir(path, { recursive: true }))]) {
    const at = join(path, entry);
    const { mode, ctimeNs, mtimeNs, nlink, ino, uid } = await lstat(at, { bigint: true });
    const content = (mode & 0o170000n) === 0o100000n ? await readFile(at, "utf8") : "";
    picture[entry] = [mode, ctimeNs, mtimeNs, nlink, ino, uid, content].join(" ");
  }
  return picture;
}

describe.each(ACCESS_KINDS)("a snapshot that tries to escape the root, with %s", (access) => {
  let scratch: Scratch;
  let root: string;
  let outside: string;
  let before: Record<string, string>;
  let exporter: FsExporter;
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
    outside = join(scratch.path, "outside");
    await mkdir(root);
    await mkdir(join(outside, "sub"), { recursive: true });
    await writeFile(join(outside, "passwd"), "safe");
    await writeFile(join(outside, "sub", "shadow"), "safe too");
    before = await pictureOf(outside);
    exporter = await makeExporter(root, access);
  });
  afterEach(async () => {
    await exporter.close();
    expect(await pictureOf(outside)).toEqual(before);
    scratch.remove();
  });

  /** Makes every call of a host through a link, to the existing entries `passwd` and `sub` and to `new`. */
  async function attemptsThrough(link: string): Promise<PromiseSettledResult<unknown>[]> {
    const value = Buffer.from("v");
    return Promise.allSettled([
      exporter.storeFile(`${link}/passwd`, streamOf(["evil"]), 4, idle),
      exporter.storeFile(`${link}/new`, streamOf(["evil"]), 4, idle),
      exporter.createDirectory(`${link}/new`),
      exporter.createDirectory(`${link}/sub`),
      exporter.createDirectory(`${link}/new/deep`),
      exporter.createDirectory(link),
      exporter.setPermissions(`${link}/passwd`, ownInfo({ permissions: 0o777 })),
      exporter.setPermissions(`${link}/sub`, ownInfo({ type: "directory", permissions: 0o777 })),
      exporter.setPermissions(`${link}/passwd`, ownInfo({ type: "symlink" })),
      exporter.setPermissions(link, ownInfo({ type: "directory", permissions: 0o777 })),
      exporter.createLink("x", `${link}/new`, "symbolic"),
      exporter.createLink("x", `${link}/passwd`, "symbolic"),
      exporter.createLink("/own", `${link}/new`, "hard"),
      exporter.createLink(`${link}/passwd`, "/stolen", "hard"),
      exporter.createSpecial(`${link}/new`, ownInfo({ type: "fifo" })),
      exporter.setExtendedAttribute(`${link}/passwd`, "user.a", "extended", value),
      exporter.setExtendedAttribute(`${link}/sub`, "user.a", "extended", value),
    ]);
  }

  async function expectRefusal(link: string): Promise<void> {
    await exporter.storeFile("/own", streamOf(["mine"]), 4, idle);
    const results = await attemptsThrough(link);
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected" });
      const { reason } = result as { reason: { code?: string; message: string } };
      expect(reason.code).toBe("ELOOP");
      expect(reason.message).toContain(`through the symbolic link '${join(root, link)}'`);
    }
    expect(await readdir(root)).not.toContain("stolen");
  }

  it.each([
    ["an absolute path", () => outside],
    ["a relative path", () => "../outside"],
    ["the directory above", () => ".."],
    ["the file system's root", () => "/"],
    ["nothing", () => "nowhere"],
    ["itself", () => "a"],
    ["a path inside of the root", () => "."],
  ])("cannot pass through its own link to %s", async (_, target) => {
    await exporter.createLink(target(), "/a", "symbolic");
    await expectRefusal("/a");
    expect(await readlink(join(root, "a"))).toBe(target());
  });

  it("cannot pass through an existing link", async () => {
    await symlink(outside, join(root, "a"));
    await expectRefusal("/a");
  });

  it("cannot pass through a link in a subdirectory", async () => {
    await exporter.createDirectory("/d/e");
    await exporter.createLink(outside, "/d/e/a", "symbolic");
    await expectRefusal("/d/e/a");
  });

  it("cannot pass through a chain of links, and the error names the first one", async () => {
    await exporter.createLink("..", "/b", "symbolic");
    await exporter.createLink("b/outside", "/a", "symbolic");
    await expectRefusal("/a");
    const through = exporter.storeFile("/b/outside/passwd", streamOf(["evil"]), 4, idle);
    await expect(through).rejects.toThrow(`the symbolic link '${join(root, "b")}'`);
  });

  it("cannot replace a directory that was checked by a link", async () => {
    await exporter.createDirectory("/a");
    await exporter.storeFile("/a/f", streamOf(["x"]), 1, idle);
    await expect(exporter.createLink(outside, "/a", "symbolic")).rejects.toThrow(/^EISDIR/);
    await exporter.storeFile("/a/passwd", streamOf(["mine"]), 4, idle);
    expect(await readFile(join(root, "a/passwd"), "utf8")).toBe("mine");
    expect((await lstat(join(root, "a"))).isDirectory()).toBe(true);
  });

  it("cannot replace a link by a directory", async () => {
    await exporter.createLink(outside, "/a", "symbolic");
    await expect(exporter.createDirectory("/a")).rejects.toMatchObject({ code: "ELOOP" });
    expect((await lstat(join(root, "a"))).isSymbolicLink()).toBe(true);
  });

  it("cannot change the target of a link", async () => {
    await exporter.createLink(join(outside, "passwd"), "/a", "symbolic");
    await exporter.setPermissions("/a", ownInfo({ type: "symlink", permissions: 0o777, modTime: 1n }));
    const set = exporter.setPermissions("/a", ownInfo({ permissions: 0o777 }));
    await expect(set).rejects.toMatchObject({ code: "ELOOP" });
    // Links cannot have user attributes.
    const attribute = exporter.setExtendedAttribute("/a", "user.a", "extended", Buffer.from("v"));
    await expect(attribute).rejects.toThrow(join(root, "a"));
  });

  it("cannot write through a link, or make a hard link to its target", async () => {
    await exporter.createLink(join(outside, "passwd"), "/a", "symbolic");
    await expect(exporter.createLink("/a", "/b", "hard")).rejects.toThrow("not a regular file");
    await exporter.storeFile("/a", streamOf(["mine"]), 4, idle);
    expect((await lstat(join(root, "a"))).isFile()).toBe(true);
  });

  it.each(["/..", "/../outside/passwd", "/d/../../outside/passwd", "../outside/passwd", "/d/../.."])(
    "cannot use the pathname %s",
    async (pathname) => {
      await exporter.createDirectory("/d");
      const info = ownInfo({ permissions: 0o777 });
      const attempts: (() => Promise<void>)[] = [
        () => exporter.storeFile(pathname, streamOf(["evil"]), 4, idle),
        () => exporter.createDirectory(pathname),
        () => exporter.setPermissions(pathname, info),
        () => exporter.createLink("x", pathname, "symbolic"),
        () => exporter.createLink(pathname, "/x", "hard"),
        () => exporter.createSpecial(pathname, ownInfo({ type: "fifo" })),
        () => exporter.setExtendedAttribute(pathname, "user.a", "extended", Buffer.from("v")),
      ];
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toThrow(`pathname escapes the root: ${JSON.stringify(pathname)}`);
      }
    },
  );

  it("cannot escape with concurrent calls", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `/n${i}`);
    await Promise.allSettled(
      names.flatMap((name) => [
        exporter.createDirectory(name),
        exporter.createLink(outside, name, "symbolic"),
        exporter.createDirectory(`${name}/sub`),
        exporter.storeFile(`${name}/passwd`, streamOf(["evil"]), 4, idle),
        exporter.setPermissions(`${name}/passwd`, ownInfo({ permissions: 0o777 })),
        exporter.setPermissions(name, ownInfo({ type: "directory", permissions: 0o777 })),
        exporter.createLink(`${name}/passwd`, `${name}x`, "hard"),
      ]),
    );
    // afterEach checks the outside. Each entry must be a directory or a link, whichever call came first.
    for (const name of names) {
      const stats = await lstat(join(root, name));
      expect(stats.isDirectory() || stats.isSymbolicLink()).toBe(true);
    }
  });
});
