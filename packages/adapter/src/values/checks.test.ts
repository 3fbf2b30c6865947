import { describe, expect, it } from "@jest/globals";
import { checkText, isUint } from "./checks.js";

describe("isUint", () => {
  it("accepts integers from 0 to the limit", () => {
    expect([0, 1, 0xffff_ffff].every((value) => isUint(value))).toBe(true);
    expect([isUint(7, 7), isUint(8, 7)]).toEqual([true, false]);
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 32, "1", 1n, null, undefined])("rejects %p", (value) => {
    expect(isUint(value)).toBe(false);
  });
});

describe("checkText", () => {
  it("returns the text", () => {
    expect(checkText("target", "\u{1f600}")).toBe("\u{1f600}");
  });

  it.each([
    [5, "target must be a string: 5"],
    ["a\ud800", 'target is not valid Unicode: "a\\ud800"'],
  ])("rejects %p with a descriptive error", (value, message) => {
    expect(() => checkText("target", value)).toThrow(new TypeError(message));
  });
});
