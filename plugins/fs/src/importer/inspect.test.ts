import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Notices } from "../fs/notices.js";
import { Accounts } from "./accounts.js";
import { Inspector } from "./inspect.js";
import { makeFolder, recordsOf, removeFolder } from "./testing/fixtures.js";

const MIN = -62_135_596_800_000_000_000n;
const MAX = 253_402_300_799_999_999_999n;

let folder = "";
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => {
  removeFolder(folder);
});

describe("Inspector", () => {
  it("keeps times from the year 1 to 9999, and clamps others with one notice", async () => {
    const lines: string[] = [];
    const notices = new Notices("tsfs", (line) => lines.push(line));
    const inspector = new Inspector(new Accounts(), undefined, notices);
    const path = join(folder, "f");
    writeFileSync(path, "");
    const timeOf = async (mtimeNs: bigint): Promise<bigint | undefined> => {
      // Few file systems support these times.
      const stats = Object.assign(lstatSync(path, { bigint: true }), { mtimeNs });
      return recordsOf(await inspector.entriesOf(path, path, stats))[0]?.fileInfo.modTime;
    };
    for (const time of [MIN, -1n, 0n, 1_700_000_000_123_456_789n, MAX]) expect(await timeOf(time)).toBe(time);
    expect(lines).toEqual([]);
    expect(await timeOf(MAX + 1n)).toBe(MAX);
    expect(await timeOf(300_000_000_000_000_000_000n)).toBe(MAX);
    expect(await timeOf(MIN - 1n)).toBe(MIN);
    expect(lines).toEqual([
      `tsfs: modification times outside the years 1 to 9999 are changed to the nearest time in this range (the first is ${JSON.stringify(path)})\n`,
    ]);
  });
});
