import { lstat, lutimes, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { expectTimeOfNode } from "./testing.js";
import { utimesArgument } from "./utimes-argument.js";

const TIMES = [
  0n,
  1n,
  999n,
  1000n,
  -1n,
  -999n,
  -1000n,
  -1001n,
  -999_999_999n,
  -1_000_000_000n,
  -1_500_000_000n,
  -86_400_000_000_001n,
  -1_999_999_999_999_999_999n,
  1_700_000_000_123_456_789n,
  1_700_000_000_999_999_999n,
  2_147_483_648_000_001_000n,
  4_102_444_800_123_457_000n,
];

describe("utimesArgument", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  it("aims at the middle of the microsecond, away from zero, if libuv keeps microseconds", () => {
    expect(utimesArgument(1_700_000_000_123_456_789n, false)).toBe("1700000000.1234565");
    expect(utimesArgument(0n, false)).toBe("0.0000005");
    expect(utimesArgument(-1n, false)).toBe("-0.0000015");
    expect(utimesArgument(-1_500_000_000n, false)).toBe("-1.5000005");
  });

  it("is exact to the nanosecond if libuv keeps nanoseconds", () => {
    expect(utimesArgument(1_700_000_000_123_456_789n, true)).toBe("1700000000.123456789");
    expect(utimesArgument(0n, true)).toBe("0.000000000");
    expect(utimesArgument(-1n, true)).toBe("-0.000000001");
    expect(utimesArgument(-1_500_000_000n, true)).toBe("-1.500000000");
  });

  it.each(TIMES)("sets %d ns as precisely as Node can", async (time) => {
    const file = join(scratch.path, "file");
    await writeFile(file, "");
    await utimes(file, utimesArgument(time), utimesArgument(time));
    const stats = await lstat(file, { bigint: true });
    expectTimeOfNode(stats.mtimeNs, time);
    expectTimeOfNode(stats.atimeNs, time);
  });

  it("sets a thousand times between 1904 and 2035 with the same precision", async () => {
    const link = join(scratch.path, "link");
    await symlink("nowhere", link);
    for (let i = -500n; i < 500n; i++) {
      const time = i * 4_123_456_789_123_457n;
      await lutimes(link, utimesArgument(time), utimesArgument(time));
      const { mtimeNs } = await lstat(link, { bigint: true });
      expectTimeOfNode(mtimeNs, time);
    }
  });
});
