import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  FileMode,
  fileModeFromPosix,
  fileModeOf,
  fileModeToPosix,
  fileTypeOf,
  isDirectory,
  isRegularFile,
  isSymlink,
  type FileType,
} from "./file-mode.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

/** POSIX S_IFMT values and the corresponding bits of Go's fs.FileMode. */
const TYPES: readonly (readonly [FileType, number, number])[] = [
  ["file", 0o100000, 0],
  ["directory", 0o040000, 2 ** 31],
  ["symlink", 0o120000, 2 ** 27],
  ["block-device", 0o060000, 2 ** 26],
  ["fifo", 0o010000, 2 ** 25],
  ["socket", 0o140000, 2 ** 24],
  ["char-device", 0o020000, 2 ** 26 + 2 ** 21],
];

const anyType = fc.constantFrom(...TYPES.map(([type]) => type), "irregular" as const);
const permissions = fc.integer({ min: 0, max: 0o7777 });

describe("fileModeFromPosix", () => {
  it.each(TYPES)("converts a %s", (type, posix, bits) => {
    expect(fileModeFromPosix(posix | 0o644)).toBe(bits + 0o644);
    expect(fileTypeOf(fileModeFromPosix(posix | 0o7777))).toBe(type);
  });

  it.each([
    ["setuid", 0o4000, 2 ** 23],
    ["setgid", 0o2000, 2 ** 22],
    ["sticky", 0o1000, 2 ** 20],
  ])("keeps %s", (_name, posix, bit) => {
    expect(fileModeFromPosix(0o100755 | posix)).toBe(bit + 0o755);
    expect(fileModeFromPosix(0o040755 | posix)).toBe(2 ** 31 + bit + 0o755);
  });

  it.each([0, 0o150000, 0o160000, 0o170000])("converts the unknown type %d to irregular, never to a file", (format) => {
    const mode = fileModeFromPosix(format | 0o644);
    expect(fileTypeOf(mode)).toBe("irregular");
    expect(isRegularFile(mode)).toBe(false);
  });

  it("is the inverse of fileModeToPosix", () => {
    fc.assert(
      fc.property(anyType, permissions, (type, bits) => {
        const mode = fileModeOf(type, bits);
        expect(fileModeFromPosix(fileModeToPosix(mode))).toBe(mode);
      }),
    );
  });

  it("is inverted by fileModeToPosix", () => {
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), permissions, ([, format], bits) => {
        expect(fileModeToPosix(fileModeFromPosix(format | bits))).toBe(format | bits);
      }),
    );
  });
});

describe("fileModeToPosix", () => {
  it("drops bits without a POSIX equivalent", () => {
    const mode = (FileMode.APPEND | FileMode.EXCLUSIVE | FileMode.TEMPORARY | 0o640) >>> 0;
    expect(fileModeToPosix(mode)).toBe(0o100640);
  });

  it("keeps the chmod bits in the low twelve", () => {
    fc.assert(
      fc.property(anyType, permissions, (type, bits) => {
        expect(fileModeToPosix(fileModeOf(type, bits)) & 0o7777).toBe(bits);
      }),
    );
  });
});

describe("fileModeOf", () => {
  it("returns a uint32 of the given type", () => {
    fc.assert(
      fc.property(anyType, permissions, (type, bits) => {
        const mode = fileModeOf(type, bits);
        expect(mode).toBe(mode >>> 0);
        expect(fileTypeOf(mode)).toBe(type);
        expect(mode & FileMode.PERMISSIONS).toBe(bits & 0o777);
      }),
    );
  });

  it.each([-1, 0o10000, 1.5, Number.NaN])("rejects the permissions %d", (bits) => {
    expect(() => fileModeOf("file", bits)).toThrow(new RangeError(`permissions must be within 0 and 0o7777: ${bits}`));
  });

  it.each<[unknown, string]>([
    ["dir", '"dir"'],
    ["link", '"link"'],
    ["", '""'],
    ["constructor", '"constructor"'],
    ["__proto__", '"__proto__"'],
    [undefined, "undefined"],
    [0o40000, "16384"],
  ])("rejects the type %j, naming it and the known types", (type, shown) => {
    const known = '"file", "directory", "symlink", "fifo", "socket", "block-device", "char-device", "irregular"';
    expect(() => fileModeOf(type as FileType, 0o644)).toThrow(
      new RangeError(`the type must be one of ${known}: ${shown}`),
    );
  });
});

describe("fileTypeOf", () => {
  it("reports a regular file only if no type bit is set", () => {
    const typeBits = [31, 27, 26, 25, 24, 21, 19].map((bit) => 2 ** bit);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (mode) => {
        const none = typeBits.every((bit) => Math.floor(mode / bit) % 2 === 0);
        expect(fileTypeOf(mode) === "file").toBe(none);
        expect(isRegularFile(mode)).toBe(none);
      }),
    );
  });

  it.each([
    ["a directory that is a symlink", FileMode.DIR | FileMode.SYMLINK],
    ["a pipe that is a socket", FileMode.NAMED_PIPE | FileMode.SOCKET],
    ["a character device without the device bit", FileMode.CHAR_DEVICE],
    ["every bit", 0xffff_ffff],
  ])("reports %s as irregular", (_name, mode) => {
    expect(fileTypeOf(mode >>> 0)).toBe("irregular");
    expect(isRegularFile(mode >>> 0)).toBe(false);
    expect(isDirectory(mode >>> 0)).toBe(false);
    expect(isSymlink(mode >>> 0)).toBe(false);
  });

  it.each([Number.NaN, Infinity, 0.5, 2 ** 32, 2 ** 32 + 0o644, -(2 ** 32)])(
    "reports %d as irregular, not as a file",
    (mode) => {
      expect(fileTypeOf(mode)).toBe("irregular");
      expect(isRegularFile(mode)).toBe(false);
    },
  );

  it("reads a mode that was combined without >>> 0", () => {
    expect(isDirectory(FileMode.DIR | 0o755)).toBe(true);
  });

  it("distinguishes directories from symlinks", () => {
    expect(isDirectory(fileModeOf("directory", 0o755))).toBe(true);
    expect(isDirectory(fileModeOf("file", 0o755))).toBe(false);
    expect(isSymlink(fileModeOf("symlink", 0o777))).toBe(true);
    expect(isSymlink(fileModeOf("directory", 0o777))).toBe(false);
  });
});
