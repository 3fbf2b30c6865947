import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { isTemporaryName, makerOf, temporaryName } from "./temporary-name.js";

describe("temporaryName", () => {
  it("is short, unique, and recognized", () => {
    const names = Array.from({ length: 100 }, temporaryName);
    expect(new Set(names).size).toBe(100);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(40);
      expect(isTemporaryName(name)).toBe(true);
    }
  });

  it.each([
    "tmp.123456",
    ".tsfs-",
    ".tsfs-0123456789ab",
    ".tsfs-01234567-1-0123456789abc",
    ".tsfs-01234567-1-0123456789ag",
    ".tsfs-01234567--0123456789ab",
    ".tsfs-01234567-123456789-0123456789ab",
    "CONFIG",
    "a.tsfs-01234567-1-0123456789ab",
  ])("does not recognize %s", (name) => {
    expect(isTemporaryName(name)).toBe(false);
  });
});

describe("makerOf", () => {
  /** Returns the name that another process of this boot would make. */
  function nameOf(pid: number | undefined): string {
    return temporaryName().replace(`-${process.pid.toString(16)}-`, `-${(pid ?? 0).toString(16)}-`);
  }

  it("recognizes processes of this boot of this machine", () => {
    const known = process.platform === "linux";
    expect(makerOf(temporaryName())).toBe(known ? "alive" : "unknown");
    expect(makerOf(nameOf(process.ppid))).toBe(known ? "alive" : "unknown");
    expect(makerOf(nameOf(spawnSync("true").pid))).toBe(known ? "dead" : "unknown");
  });

  it("returns unknown for other machines and boots", () => {
    expect(makerOf(temporaryName().replace(/-[0-9a-f]{8}-/, "-89abcdef-"))).toBe("unknown");
    expect(makerOf(".tsfs-00000000-1-0123456789ab")).toBe("unknown");
    expect(makerOf("CONFIG")).toBe("unknown");
  });
});
