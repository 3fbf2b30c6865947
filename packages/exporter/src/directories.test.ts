import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, type FileInfo } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import { deepestFirst, isMadeUpRoot, type Directory } from "./directories.js";

const directory = (pathname: string, info: Partial<FileInfo> = {}): Directory => ({
  record: create(connectors.RecordSchema, { pathname }),
  pathname,
  fileInfo: { ...fileInfoOf({ type: "directory", permissions: 0o700, name: "/", nlink: 0, modTime: 5n }), ...info },
});

describe("deepestFirst", () => {
  it("puts what is below before what is above", () => {
    const given = ["/", "/a", "/a/b", "/a/b/c", "/z", "/z/y"].map((pathname) => directory(pathname));
    expect(deepestFirst(given).map(({ pathname }) => pathname)).toEqual(["/a/b/c", "/a/b", "/z/y", "/a", "/z", "/"]);
    expect(given[0]?.pathname).toBe("/");
  });
});

describe("isMadeUpRoot", () => {
  it("knows what hosts make up", () => {
    expect(isMadeUpRoot(directory("/"))).toBe(true);
    expect(isMadeUpRoot(directory("/d"))).toBe(false);
  });

  it.each<Partial<FileInfo>>([
    { name: "o" },
    { mode: fileInfoOf({ type: "directory", permissions: 0o755 }).mode },
    { mode: fileInfoOf({ type: "directory", permissions: 0o2700 }).mode },
    { size: 4096 },
    { dev: 1n },
    { ino: 1n },
    { uid: 1 },
    { gid: 1 },
    { nlink: 1 },
    { flags: 1 },
    { username: "root" },
    { groupname: "root" },
  ])("takes one with %o for real", (info) => {
    expect(isMadeUpRoot(directory("/", info))).toBe(false);
  });
});
