import { lstat, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { fileInfoFromStats, fileInfoOf, nanosecondsOf, type StatsLike } from "./file-info.js";
import { fileModeOf, fileTypeOf, type FileType } from "./file-mode.js";

const stats: StatsLike = {
  size: 12n,
  mode: 0o104755n,
  mtimeNs: 1_700_000_000_123_456_789n,
  dev: 65024n,
  ino: 2n ** 63n,
  uid: 1000n,
  gid: 4_294_967_294n,
  nlink: 2n,
};

describe("fileInfoFromStats", () => {
  it("converts every field", () => {
    expect(fileInfoFromStats(stats)).toEqual({
      name: "",
      size: 12,
      mode: fileModeOf("file", 0o4755),
      modTime: 1_700_000_000_123_456_789n,
      dev: 65024n,
      ino: 2n ** 63n,
      uid: 1000,
      gid: 4_294_967_294,
      nlink: 2,
      username: "",
      groupname: "",
      flags: 0,
    });
  });

  it("accepts fields that a stat lacks", () => {
    const extras = { name: "a", username: "me", groupname: "us", flags: 3 };
    expect(fileInfoFromStats(stats, extras)).toMatchObject(extras);
  });

  it.each([
    [65_535n, 65_535],
    [65_536n, 65_535],
    [70_000n, 65_535],
  ])("keeps a link count of %d as %d: the wire holds 16 bits", (nlink, kept) => {
    expect(fileInfoFromStats({ ...stats, nlink }).nlink).toBe(kept);
  });

  it("reads devices and inodes as unsigned, even if Node reports them as signed", () => {
    const info = fileInfoFromStats({ ...stats, dev: -1n, ino: -2n });
    expect(info.dev).toBe(2n ** 64n - 1n);
    expect(info.ino).toBe(2n ** 64n - 2n);
  });

  it("preserves a time before 1970", () => {
    expect(fileInfoFromStats({ ...stats, mtimeNs: -1n }).modTime).toBe(-1n);
  });

  it("holds an error in place of a size above Number.MAX_SAFE_INTEGER", () => {
    expect(fileInfoFromStats({ ...stats, size: 2n ** 53n - 1n }).size).toBe(2 ** 53 - 1);
    expect(fileInfoFromStats({ ...stats, size: 2n ** 53n }).size).toEqual(
      new RangeError("a file of 9007199254740992 bytes is larger than 2^53 - 1"),
    );
  });

  describe("for a real file", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "kloset-model-"));
    });
    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    it("accepts the result of Node's lstat", async () => {
      await writeFile(join(folder, "a"), "hello");
      await symlink("a", join(folder, "link"));
      const [directory, file, link] = await Promise.all(
        [".", "a", "link"].map(async (name) => fileInfoFromStats(await lstat(join(folder, name), { bigint: true }))),
      );
      expect(fileTypeOf(directory?.mode ?? Number.NaN)).toBe("directory");
      expect(fileTypeOf(file?.mode ?? Number.NaN)).toBe("file");
      expect(file?.size).toBe(5);
      expect(fileTypeOf(link?.mode ?? Number.NaN)).toBe("symlink");
    });
  });
});

describe("fileInfoOf", () => {
  it("has a default for everything", () => {
    expect(fileInfoOf()).toEqual({
      name: "",
      size: undefined,
      mode: 0o644,
      modTime: 0n,
      dev: 0n,
      ino: 0n,
      uid: 0,
      gid: 0,
      nlink: 1,
      username: "",
      groupname: "",
      flags: 0,
    });
  });

  it.each([
    ["directory", 0o755],
    ["symlink", 0o777],
    ["fifo", 0o644],
  ] as const)("gives a %s the permissions that are usual", (type, permissions) => {
    expect(fileInfoOf({ type }).mode).toBe(fileModeOf(type, permissions));
  });

  it("keeps the given fields", () => {
    const given = {
      name: "a",
      size: 3,
      dev: 1n,
      ino: 2n,
      uid: 3,
      gid: 4,
      nlink: 5,
      username: "me",
      groupname: "us",
      flags: 6,
    };
    expect(fileInfoOf({ ...given, permissions: 0o4711, modTime: -5n })).toEqual({
      ...given,
      mode: fileModeOf("file", 0o4711),
      modTime: -5n,
    });
  });

  it("accepts a date", () => {
    expect(fileInfoOf({ modTime: new Date("1969-12-31T23:59:59.999Z") }).modTime).toBe(-1_000_000n);
    expect(nanosecondsOf(new Date(1.9))).toBe(1_000_000n);
  });

  it.each([
    ["file", undefined],
    ["directory", 0],
    ["symlink", 0],
  ] as const)("gives a %s without a size the size %p", (type, size) => {
    expect(fileInfoOf({ type }).size).toBe(size);
    expect(fileInfoOf({ type, size: 5 }).size).toBe(5);
  });

  it.each([
    ["an unknown type", { type: "dir" as FileType }, "mode", 'must be one of "file"'],
    ["invalid permissions", { permissions: -1 }, "mode", "permissions must be within 0 and 0o7777: -1"],
    ["an invalid date", { modTime: new Date("never") }, "modTime", "modTime is an invalid date"],
  ] as const)("does not throw for %s, and holds the error in the field", (_name, init, field, message) => {
    const { [field]: value } = fileInfoOf(init);
    expect(value).toBeInstanceOf(RangeError);
    expect(String(value)).toContain(message);
  });

  it("keeps a time that is not a bigint, for the check of the entry", () => {
    expect(fileInfoOf({ modTime: 1_700_000_000_000 as unknown as bigint }).modTime).toBe(1_700_000_000_000);
  });

  it("throws for an invalid date alone", () => {
    expect(() => nanosecondsOf(new Date("never"))).toThrow(new RangeError("modTime is an invalid date"));
  });
});
