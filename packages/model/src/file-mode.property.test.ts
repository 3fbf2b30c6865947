import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FileMode, fileModeFromPosix, fileModeToPosix, fileTypeOf } from "./file-mode.js";

const SEED = 20260401;
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const stMode = fc.integer({ min: 0, max: 0xffff });
/** Bits without a POSIX equivalent. */
const GO_ALONE = (FileMode.APPEND | FileMode.EXCLUSIVE | FileMode.TEMPORARY) >>> 0;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

describe("any 32-bit mode", () => {
  it("keeps exactly its type, permissions, setuid, setgid and sticky bits through POSIX", () => {
    fc.assert(
      fc.property(uint32, (mode) => {
        const back = fileModeFromPosix(fileModeToPosix(mode));
        expect(fileTypeOf(back)).toBe(fileTypeOf(mode));
        const kept = (FileMode.PERMISSIONS | FileMode.SETUID | FileMode.SETGID | FileMode.STICKY) >>> 0;
        expect((back & kept) >>> 0).toBe((mode & kept) >>> 0);
        expect((back & GO_ALONE) >>> 0).toBe(0);
        // The conversion is idempotent.
        expect(fileModeFromPosix(fileModeToPosix(back))).toBe(back);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it("is a regular file for POSIX exactly if it is one for Go", () => {
    fc.assert(
      fc.property(uint32, (mode) => {
        const posix = fileModeToPosix(mode);
        expect((posix & S_IFMT) === S_IFREG).toBe(fileTypeOf(mode) === "file");
        expect(posix).toBe(posix & 0xffff);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});

describe("any st_mode", () => {
  it("round-trips, losing only a type unknown to POSIX", () => {
    const formats = new Set([0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000]);
    fc.assert(
      fc.property(stMode, (posix) => {
        const known = formats.has(posix & S_IFMT);
        expect(fileModeToPosix(fileModeFromPosix(posix))).toBe(known ? posix : posix & 0o7777);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
