import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { fileInfoOf, type FileInfoInit } from "@kloset/model";
import { HardLinks } from "./hard-links.js";
import { LinkSet, Name } from "./link-set.js";

const inode = (init: FileInfoInit = {}) => fileInfoOf({ dev: 1n, ino: 2n, nlink: 3, ...init });

describe("HardLinks", () => {
  it("groups the names of one file and forgets it after the last", () => {
    const links = new HardLinks();
    const set = links.setOf(inode(), "/a");
    expect(set).toBeInstanceOf(LinkSet);
    expect(links.setOf(inode(), "/a")).toBe(set);
    expect(links.size).toBe(1);
    expect(links.setOf(inode(), "/a")).toBe(set);
    expect(links.size).toBe(0);
    expect(links.setOf(inode(), "/a")).not.toBe(set);
  });

  it.each<FileInfoInit>([{ dev: 2n }, { ino: 3n }, { permissions: 0o600 }, { uid: 1 }, { gid: 1 }, { modTime: 1n }])(
    "separates files that differ in %o",
    (other) => {
      const links = new HardLinks();
      expect(links.setOf(inode(other), "/a")).not.toBe(links.setOf(inode(), "/a"));
      expect(links.size).toBe(2);
    },
  );

  it("returns no set for a file with one name or without an inode", () => {
    const links = new HardLinks();
    expect(links.setOf(inode({ nlink: 1 }), "/a")).toBeUndefined();
    expect(links.setOf(inode({ nlink: 0 }), "/a")).toBeUndefined();
    expect(links.setOf(inode({ dev: 0n, ino: 0n }), "/a")).toBeUndefined();
    expect(links.setOf(inode({ dev: 0n }), "/a")).toBeDefined();
    expect(links.size).toBe(1);
  });
});

describe("a replaced first name", () => {
  it("receives no further links, and the next name takes its place", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode(), "/a");
    const a = new Name("/a");
    await set?.firstOr(a);
    a.settle({ digest: "d" });
    expect(["/a", "/b"].map((pathname) => links.isFirst(pathname))).toEqual([true, false]);
    links.forget("/a");
    expect(links.isFirst("/a")).toBe(false);
    expect(await set?.firstOr(new Name("/b"))).toBeUndefined();
    expect(links.isFirst("/b")).toBe(true);
  });

  it("is kept until its last link is created", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode({ nlink: 2 }), "/a");
    await set?.firstOr(new Name("/a"));
    links.setOf(inode({ nlink: 2 }), "/a");
    expect(links.size).toBe(0);
    set?.done();
    expect(links.isFirst("/a")).toBe(true);
    set?.done();
    expect(links.isFirst("/a")).toBe(false);
  });

  it("is kept while further names may arrive", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode({ nlink: 2 }), "/a");
    await set?.firstOr(new Name("/a"));
    set?.done();
    expect(links.isFirst("/a")).toBe(true);
  });
});

describe("files whose other names never arrive", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const maxBytes = 100_000;

  /** Stores the first of two names of each of `files` files. */
  async function stored(links: HardLinks, files: number, pathnameOf = (i: number) => `/f${i}`): Promise<void> {
    for (let i = 0; i < files; i++) {
      const name = new Name(pathnameOf(i));
      const set = links.setOf(inode({ nlink: 2, ino: BigInt(i) }), name.pathname);
      await set?.firstOr(name);
      name.settle({ digest: String(i) });
      set?.done();
    }
  }

  const otherNameOf = (links: HardLinks, i: number) =>
    links.setOf(inode({ nlink: 2, ino: BigInt(i) }), "/other")?.firstOr(new Name("/other"));

  it("stay within the memory limit: the oldest are evicted with a warning", async () => {
    const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const links = new HardLinks(maxBytes);
    await stored(links, 100);
    expect(links.size).toBe(100);
    expect(write).not.toHaveBeenCalled();
    await stored(links, 2000);
    expect(links.size).toBeLessThan(300);
    expect(links.size).toBeGreaterThan(200);
    expect(write.mock.calls).toEqual([
      ["exporter: too many hard links are incomplete: some are restored as separate files\n"],
    ]);
    expect([links.isFirst("/f0"), links.isFirst("/f1999")]).toEqual([false, true]);
    // The other name of an evicted file becomes a separate file; that of any other file, a link.
    expect(await otherNameOf(links, 0)).toBeUndefined();
    expect(await otherNameOf(links, 1999)).toEqual({ pathname: "/f1999", digest: "1999" });
  });

  it("count the memory of their pathnames", async () => {
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const links = new HardLinks(maxBytes);
    await stored(links, 20, (i) => `/${"x".repeat(10_000)}${i}`);
    expect(links.size).toBeGreaterThan(0);
    expect(links.size).toBeLessThan(maxBytes / 20_000);
  });

  it("no longer count once all names have arrived", async () => {
    const links = new HardLinks(maxBytes);
    for (let round = 0; round < 20; round++) {
      await stored(links, 100);
      for (let i = 0; i < 100; i++) links.setOf(inode({ nlink: 2, ino: BigInt(i) }), "/other")?.done();
    }
    expect(links.size).toBe(0);
    await stored(links, 200);
    expect(links.size).toBe(200);
  });

  it("are not evicted while they are being stored", async () => {
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const links = new HardLinks(maxBytes);
    const long = links.setOf(inode({ nlink: 3, ino: 77_777n }), "/long");
    await long?.firstOr(new Name("/long"));
    await stored(links, 2000);
    expect(links.isFirst("/long")).toBe(true);
    expect(links.setOf(inode({ nlink: 3, ino: 77_777n }), "/b")).toBe(long);
  });
});
