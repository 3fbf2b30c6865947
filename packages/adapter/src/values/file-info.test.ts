import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, FileMode, fileModeOf, type FileInfo, type FileType } from "@kloset/model";
import fc from "fast-check";
import { fileInfoFromWire, fileInfoToWire } from "./file-info.js";

// A fixed seed, so that every run has the same cases.
fc.configureGlobal({ seed: 20260401 });

const text = fc.string({ unit: "grapheme" });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** The years 1 to 9999, in nanoseconds. */
const time = fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n });

const fileInfo: fc.Arbitrary<FileInfo> = fc.record({
  name: fc.constant("b"),
  size: fc.maxSafeNat(),
  mode: fc.constantFrom(...Object.values(FileMode)),
  modTime: time,
  dev: uint64,
  ino: uint64,
  uid: uint32,
  gid: uint32,
  nlink: fc.integer({ min: 0, max: 0xffff }),
  username: text,
  groupname: text,
  flags: uint32,
});

describe("the mapping of file infos", () => {
  it("survives a round trip to the wire and back", () => {
    fc.assert(
      fc.property(fileInfo, (info) => {
        expect(fileInfoFromWire(fileInfoToWire(info, "/a/b"))).toEqual(info);
      }),
    );
  });

  it("has times in the form of google.protobuf.Timestamp", () => {
    fc.assert(
      fc.property(time, (modTime) => {
        const wire = fileInfoToWire(fileInfoOf({ modTime }), "/a").modTime;
        expect(wire.seconds * 1_000_000_000n + BigInt(wire.nanos)).toBe(modTime);
        expect(wire.nanos).toBeGreaterThanOrEqual(0);
        expect(wire.nanos).toBeLessThanOrEqual(999_999_999);
      }),
    );
  });

  it.each([
    [-1n, -1n, 999_999_999],
    [-1_000_000_000n, -1n, 0],
    [-1_000_000_001n, -2n, 999_999_999],
    [1n, 0n, 1],
    [1_700_000_000_123_456_789n, 1_700_000_000n, 123_456_789],
  ])("sends %d ns as %d s and %d ns", (modTime, seconds, nanos) => {
    expect(fileInfoToWire(fileInfoOf({ modTime }), "/a").modTime).toEqual({ seconds, nanos });
  });

  it.each([
    ["/", "/"],
    ["/a", "a"],
    ["/a/b c", "b c"],
  ])("takes the name from the pathname %j, not from the author", (pathname, name) => {
    expect(fileInfoToWire(fileInfoOf({ name: "/full/path" }), pathname).name).toBe(name);
  });

  it.each([65_536, 70_000, 0xffff_ffff])("caps a link count of %d: hosts keep 16 bits", (nlink) => {
    expect(fileInfoToWire(fileInfoOf({ nlink }), "/a").nlink).toBe(65_535);
  });

  it.each<[string, Partial<Record<keyof FileInfo, unknown>>, string]>([
    ["a negative uid", { uid: -1 }, "fileInfo.uid must be an integer from 0 to 4294967295: -1"],
    ["a gid that is too large", { gid: 2 ** 32 }, "fileInfo.gid must be an integer from 0 to 4294967295: 4294967296"],
    ["a bigint for a uid", { uid: 5n }, "fileInfo.uid must be an integer from 0 to 4294967295: 5n"],
    [
      "a size that is not an integer",
      { size: Number.NaN },
      "fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: NaN",
    ],
    [
      "a negative size",
      { size: -1 },
      "fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: -1",
    ],
    [
      "a fraction of a byte",
      { size: 1.5 },
      "fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: 1.5",
    ],
    ["no size but null", { size: null }, "or absent if unknown: null"],
    [
      "a POSIX mode",
      { mode: 0o040755 },
      "fileInfo.mode must be a Go FileMode, and 0o40755 has bits that Go does not define: " +
        "convert a POSIX st_mode with fileModeFromPosix()",
    ],
    ["POSIX's setuid bit", { mode: 0o4755 }, "0o4755 has bits that Go does not define"],
    [
      "an endless size",
      { size: Infinity },
      "fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: Infinity",
    ],
    [
      "a size in words",
      { size: "12" },
      'fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: "12"',
    ],
    ["a signed mode", { mode: -1 }, "fileInfo.mode must be an integer from 0 to 4294967295: -1"],
    ["a negative link count", { nlink: -1 }, "fileInfo.nlink must be an integer from 0 to 4294967295: -1"],
    [
      "flags that have no string form",
      { flags: Object.create(null) as unknown },
      "fileInfo.flags must be an integer from 0 to 4294967295: [Object: null prototype] {}",
    ],
    [
      "a date",
      { modTime: new Date(0) },
      "fileInfo.modTime is 1970-01-01T00:00:00.000Z: " +
        "a Date, or nanoseconds as bigint: nanosecondsOf(date), is needed",
    ],
    [
      "a time before the year 1",
      { modTime: -62_135_596_800_000_000_001n },
      "fileInfo.modTime is outside the years 1 to 9999: -62135596800000000001 ns",
    ],
    [
      "a time after the year 9999",
      { modTime: 253_402_300_800_000_000_000n },
      "fileInfo.modTime is outside the years 1 to 9999: 253402300800000000000 ns",
    ],
    ["a number for a device", { dev: 1 }, "fileInfo.dev must be a bigint of 64 bits: 1"],
    ["a negative inode", { ino: -1n }, "fileInfo.ino must be a bigint of 64 bits: -1n"],
    ["an inode of 65 bits", { ino: 2n ** 64n }, "fileInfo.ino must be a bigint of 64 bits: 18446744073709551616n"],
    ["no user name", { username: undefined }, "fileInfo.username must be a string: undefined"],
    ["a bigint for a group name", { groupname: 5n }, "fileInfo.groupname must be a string: 5n"],
    [
      "a user name that UTF-8 cannot encode",
      { username: "a\ud800" },
      'fileInfo.username is not valid Unicode: "a\\ud800"',
    ],
  ])("rejects %s with the field in the error", (_name, wrong, message) => {
    const info = { ...fileInfoOf(), ...wrong } as FileInfo;
    expect(() => fileInfoToWire(info, "/a")).toThrow(message);
  });

  it.each<[FileType, bigint]>([
    ["file", -1n],
    ["directory", 0n],
    ["symlink", 0n],
    ["irregular", 0n],
  ])("sends the unknown size of a %s as %d", (type, size) => {
    expect(fileInfoToWire({ ...fileInfoOf({ type }), size: undefined }, "/a").size).toBe(size);
  });

  it.each([
    ["an unknown type", { type: "dir" as FileType }, /^the type must be one of .*: "dir"$/],
    ["invalid permissions", { permissions: 0o100644 }, "permissions must be within 0 and 0o7777: 33188"],
    ["an invalid date", { modTime: new Date("never") }, "modTime is an invalid date"],
  ])("throws the error that fileInfoOf has kept for %s", (_name, init, message) => {
    const info = { ...fileInfoOf(init), uid: 7 };
    expect(() => fileInfoToWire(info, "/a")).toThrow(message);
  });

  it("keeps a Go file mode with its highest bit", () => {
    const mode = fileModeOf("directory", 0o1777);
    expect(fileInfoToWire(fileInfoOf({ type: "directory", permissions: 0o1777 }), "/a").mode).toBe(mode);
  });
});

describe("fileInfoFromWire", () => {
  const wire = fileInfoToWire(fileInfoOf(), "/a");

  it("treats a missing time as 1970", () => {
    expect(fileInfoFromWire({ ...wire, modTime: undefined }).modTime).toBe(0n);
  });

  it("keeps Go's zero time", () => {
    expect(fileInfoFromWire({ ...wire, modTime: { seconds: -62_135_596_800n, nanos: 0 } }).modTime).toBe(
      -62_135_596_800_000_000_000n,
    );
  });

  it.each([-1n, -(2n ** 63n)])("takes a size of %d as unknown", (size) => {
    expect(fileInfoFromWire({ ...wire, size }).size).toBeUndefined();
  });

  it("rejects a size above 2^53 - 1", () => {
    const size = 2n ** 53n;
    expect(() => fileInfoFromWire({ ...wire, size })).toThrow(new RangeError(`size is out of range: ${String(size)}`));
  });
});
