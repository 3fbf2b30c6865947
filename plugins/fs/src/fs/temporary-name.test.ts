import { describe, expect, it } from "@jest/globals";
import { isTemporaryName, temporaryName } from "./temporary-name.js";

describe("temporaryName", () => {
  it("is short, new every time, and known again", () => {
    const names = Array.from({ length: 100 }, temporaryName);
    expect(new Set(names).size).toBe(100);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(20);
      expect(isTemporaryName(name)).toBe(true);
    }
  });

  it.each(["tmp.123456", ".tsfs-", ".tsfs-0123456789abc", ".tsfs-0123456789ag", "CONFIG", "a.tsfs-0123456789ab"])(
    "does not take %s for its own",
    (name) => {
      expect(isTemporaryName(name)).toBe(false);
    },
  );
});
