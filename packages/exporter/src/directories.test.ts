import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, type FileInfo } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import { deepestFirst, isSyntheticRoot, type Directory } from "./directories.js";

const directory = (pathname: string, info: Partial<FileInfo> = {}): Directory => ({
  record: create(connectors.RecordSchema, { pathname }),
  pathname,
  fileInfo: { ...fileInfoOf({ type: "directory", permissions: 0o700, name: "/", nlink: 0, modTime: 5n }), ...info },
});

describe("deepestFirst", () => {
  it("sorts entries before their parents", () => {
    const given = ["/", "/a", "/a/b", "/a/b/c", "/z", "/z/y"].map((pathname) => directory(pathname));
    expect(deepestFirst(given).map(({ pathname }) => pathname)).toEqual(["/a/b/c", "/a/b", "/z/y", "/a", "/z", "/"]);
    expect(given[0]?.pathname).toBe("/");
  });
});

describe("isSyntheticRoot", () => {
  it("recognizes the root made up by hosts", () => {
    expect(isSyntheticRoot(directory("/"))).toBe(true);
    expect(isSyntheticRoot(directory("/d"))).toBe(false);
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
  ])("rejects a directory with %o", (info) => {
    expect(isSyntheticRoot(directory("/", info))).toBe(false);
  });
});
