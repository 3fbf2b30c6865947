import { describe, expect, it } from "@jest/globals";
import { baseName, fileInfoOf, isFileMode } from "@kloset/model";
import fc from "fast-check";
import { fileInfoFromWire, fileInfoToWire, type WireFileInfo } from "./file-info.js";

const SEED = 20260401;
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 0xffff_ffffn }));
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ unit: "grapheme", maxLength: 9 });

/** All values that the fields of a host's message can have. */
const received: fc.Arbitrary<WireFileInfo> = fc.record({
  name: text,
  size: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 53n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  mode: uint32,
  modTime: fc.record({
    seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
  }),
  dev: uint64,
  ino: uint64,
  uid: uint64,
  gid: uint64,
  nlink: uint32,
  username: text,
  groupname: text,
  flags: uint32,
});

describe("any file info of a host", () => {
  it("is converted exactly, or rejected with the field's name and value, but never rounded", () => {
    const max = BigInt(Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(received, (wire) => {
        const beyond = (["size", "uid", "gid"] as const).find(
          (field) => (wire[field] < 0n && field !== "size") || wire[field] > max,
        );
        if (beyond !== undefined) {
          expect(() => fileInfoFromWire(wire)).toThrow(
            new RangeError(`${beyond} is out of range: ${String(wire[beyond])}`),
          );
          return;
        }
        const info = fileInfoFromWire(wire);
        expect(info.size === undefined).toBe(wire.size < 0n);
        const { seconds, nanos } = wire.modTime;
        expect(info.modTime).toBe(seconds * 1_000_000_000n + BigInt(nanos));
        const again = {
          ...info,
          size: info.size === undefined ? wire.size : BigInt(info.size),
          uid: BigInt(info.uid),
          gid: BigInt(info.gid),
          modTime: wire.modTime,
        };
        expect(again).toEqual(wire);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe("any time of an author", () => {
  it("is sent exactly if it fits into a Timestamp, and rejected otherwise", () => {
    const [first, last] = [-62_135_596_800n * 1_000_000_000n, 253_402_300_800n * 1_000_000_000n - 1n];
    const time = fc.oneof(
      fc.bigInt({ min: first - 10n, max: first + 10n }),
      fc.bigInt({ min: last - 10n, max: last + 10n }),
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      fc.bigInt({ min: -2_000_000_000n, max: 2_000_000_000n }),
    );
    fc.assert(
      fc.property(time, (modTime) => {
        const send = () => fileInfoToWire(fileInfoOf({ modTime }), "/a");
        if (modTime < first || modTime > last) expect(send).toThrow(RangeError);
        else expect(fileInfoFromWire(send()).modTime).toBe(modTime);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe("any number of an author", () => {
  it("is sent unchanged, or rejected with the field's name", () => {
    const fields = fc.constantFrom("size", "mode", "uid", "gid", "nlink", "flags");
    const values = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), uint32);
    fc.assert(
      fc.property(fields, values, (field, value) => {
        const send = () => fileInfoToWire({ ...fileInfoOf(), [field]: value }, "/a/b");
        const max = field === "size" ? Number.MAX_SAFE_INTEGER : 0xffff_ffff;
        if (!Number.isInteger(value) || value < 0 || value > max || (field === "mode" && !isFileMode(value))) {
          expect(send).toThrow(field);
          return;
        }
        // -0 is 0 on the wire.
        expect(Number(send()[field]) + 0).toBe((field === "nlink" ? Math.min(value, 0xffff) : value) + 0);
        expect(send().name).toBe(baseName("/a/b"));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
