import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import { fileInfoFromWire, fileInfoToWire, nanosecondsOfTimestamp, timestampOf } from "./file-info.js";

describe("timestamps", () => {
  it.each([
    [0n, 0n, 0],
    [1n, 0n, 1],
    [-1n, -1n, 999_999_999],
    [-1_000_000_000n, -1n, 0],
    [-1_500_000_001n, -2n, 499_999_999],
    [1_732_000_000_123_456_789n, 1_732_000_000n, 123_456_789],
    // Go's zero time: year 1.
    [-62_135_596_800_000_000_000n, -62_135_596_800n, 0],
  ])("converts %s ns to %s s and %s ns, and back", (nanoseconds, seconds, nanos) => {
    expect(timestampOf(nanoseconds)).toEqual({ seconds, nanos });
    expect(nanosecondsOfTimestamp({ seconds, nanos })).toBe(nanoseconds);
  });

  it("are 1970 if absent", () => {
    expect(nanosecondsOfTimestamp(undefined)).toBe(0n);
  });
});

describe("FileInfo", () => {
  const info = fileInfoOf({
    type: "file",
    permissions: 0o4750,
    size: 2 ** 53 - 1,
    modTime: -123_456_789_012n,
    name: "a b",
    dev: 2n ** 64n - 1n,
    ino: 2n ** 63n,
    uid: 4_294_967_295,
    gid: 1,
    nlink: 65_535,
    username: "ü",
    groupname: "g",
    flags: 4_294_967_295,
  });

  it("keeps every field on the wire", () => {
    expect(fileInfoFromWire(create(connectors.FileInfoSchema, fileInfoToWire(info)))).toEqual(info);
  });

  it("keeps 16 bits of a link count, as hosts do", () => {
    expect(fileInfoFromWire({ ...fileInfoToWire(info), nlink: 65_537 }).nlink).toBe(1);
  });

  it.each([-1n, -(2n ** 63n)])("takes a size of %s as unknown, and sends it as -1", (size) => {
    const unknown = fileInfoFromWire({ ...fileInfoToWire(info), size });
    expect(unknown.size).toBeUndefined();
    expect(fileInfoToWire(unknown).size).toBe(-1n);
  });

  it("sends the unknown size of a directory as 0", () => {
    expect(fileInfoToWire({ ...fileInfoOf({ type: "directory" }), size: undefined }).size).toBe(0n);
  });

  it.each(["size", "uid", "gid"] as const)("rejects a %s that would be rounded", (field) => {
    const wire = { ...fileInfoToWire(info), [field]: 2n ** 53n };
    expect(() => fileInfoFromWire(wire)).toThrow(`${field} of "a b" exceeds 2^53 - 1: 9007199254740992`);
  });
});
