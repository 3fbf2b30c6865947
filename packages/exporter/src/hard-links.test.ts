import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, type FileInfoInit } from "@kloset/model";
import { DigestingContent, HardLinks, LinkSet, Name } from "./hard-links.js";
import { settled } from "./testing/deferred.js";

const inode = (init: FileInfoInit = {}) => fileInfoOf({ dev: 1n, ino: 2n, nlink: 3, ...init });

describe("HardLinks", () => {
  it("finds the names of one file, and forgets it after the last", () => {
    const links = new HardLinks();
    const set = links.setOf(inode());
    expect(set).toBeInstanceOf(LinkSet);
    expect(links.setOf(inode())).toBe(set);
    expect(links.size).toBe(1);
    expect(links.setOf(inode())).toBe(set);
    expect(links.size).toBe(0);
    expect(links.setOf(inode())).not.toBe(set);
  });

  it.each<FileInfoInit>([
    { dev: 2n },
    { ino: 3n },
    { permissions: 0o600 },
    { uid: 1 },
    { gid: 1 },
    { modTime: 1n },
  ])("takes what differs in %o for another file", (other) => {
    const links = new HardLinks();
    expect(links.setOf(inode(other))).not.toBe(links.setOf(inode()));
    expect(links.size).toBe(2);
  });

  it("knows no others for a file with one name, or without an inode", () => {
    const links = new HardLinks();
    expect(links.setOf(inode({ nlink: 1 }))).toBeUndefined();
    expect(links.setOf(inode({ nlink: 0 }))).toBeUndefined();
    expect(links.setOf(inode({ dev: 0n, ino: 0n }))).toBeUndefined();
    expect(links.setOf(inode({ dev: 0n }))).toBeDefined();
    expect(links.size).toBe(1);
  });
});

describe("LinkSet", () => {
  it("makes the first name the first at once, and tells the others what became of it", async () => {
    const set = new LinkSet(new Map(), 4);
    const [a, b, c] = [new Name("/a"), new Name("/b"), new Name("/c")];
    const answers = [set.firstOr(a), set.firstOr(b), set.firstOr(c)];
    expect(await answers[0]).toBeUndefined();
    a.settle({ digest: "d" });
    expect(await answers[1]).toEqual({ pathname: "/a", digest: "d" });
    expect(await answers[2]).toEqual({ pathname: "/a", digest: "d" });
  });

  it("makes one other name the first when the first failed", async () => {
    const set = new LinkSet(new Map(), 4);
    const names = ["/a", "/b", "/c", "/d"].map((pathname) => new Name(pathname));
    const answers = names.map((name) => set.firstOr(name));
    names[0]?.settle(undefined);
    expect(await answers[1]).toBeUndefined();
    await settled();
    names[1]?.settle(undefined);
    expect(await answers[2]).toBeUndefined();
    names[2]?.settle({ digest: "d", failure: { error: "EPERM" } });
    expect(await answers[3]).toEqual({ pathname: "/c", digest: "d", failure: { error: "EPERM" } });
  });
});

describe("a first name that is replaced", () => {
  it("is linked to no more: the next name takes its place", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode());
    const a = new Name("/a");
    await set?.firstOr(a);
    a.settle({ digest: "d" });
    expect(["/a", "/b"].map((pathname) => links.isFirst(pathname))).toEqual([true, false]);
    links.forget("/a");
    expect(links.isFirst("/a")).toBe(false);
    expect(await set?.firstOr(new Name("/b"))).toBeUndefined();
    expect(links.isFirst("/b")).toBe(true);
  });

  it("is known until the last of its links is made, and no longer", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode({ nlink: 2 }));
    await set?.firstOr(new Name("/a"));
    links.setOf(inode({ nlink: 2 }));
    expect(links.size).toBe(0);
    set?.done();
    expect(links.isFirst("/a")).toBe(true);
    set?.done();
    expect(links.isFirst("/a")).toBe(false);
  });

  it("stays known while more names may come", async () => {
    const links = new HardLinks();
    const set = links.setOf(inode({ nlink: 2 }));
    await set?.firstOr(new Name("/a"));
    set?.done();
    expect(links.isFirst("/a")).toBe(true);
  });
});

describe("DigestingContent", () => {
  it("passes content on as it is, and digests it", async () => {
    async function* source() {
      yield* [Buffer.from("ab"), Buffer.from("c")];
    }
    const content = new DigestingContent(source());
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    expect(pieces).toEqual([Buffer.from("ab"), Buffer.from("c")]);
    expect(content.digest()).toBe(createHash("sha256").update("abc").digest("hex"));
  });
});
