import { describe, expect, it } from "@jest/globals";
import { attributeFilter, type AttributePatterns } from "./attribute-filter.js";

const NAMES = ["user.color", "user.color.old", "security.selinux", "trusted.a", "com.apple.FinderInfo", "userxcolor"];

function selected(patterns: AttributePatterns): string[] {
  return NAMES.filter(attributeFilter(patterns));
}

describe("attributeFilter", () => {
  it("selects all without patterns", () => {
    expect(selected({})).toEqual(NAMES);
    expect(selected({ include: [], exclude: [] })).toEqual(NAMES);
  });

  it("selects what is included and not excluded", () => {
    expect(selected({ include: ["user.*"] })).toEqual(["user.color", "user.color.old"]);
    expect(selected({ include: ["user.*", "trusted.a"], exclude: ["*.old"] })).toEqual(["user.color", "trusted.a"]);
    expect(selected({ exclude: ["security.*", "user.color"] })).toEqual([
      "user.color.old",
      "trusted.a",
      "com.apple.FinderInfo",
      "userxcolor",
    ]);
  });

  it("matches whole names, with all other characters literally", () => {
    expect(selected({ include: ["user.color"] })).toEqual(["user.color"]);
    expect(selected({ include: ["color", "USER.*", "user?color", "[u]*"] })).toEqual([]);
    expect(selected({ include: ["*apple*", ""] })).toEqual(["com.apple.FinderInfo"]);
    expect(attributeFilter({ include: ["user.*"] })("user.line\nbreak")).toBe(true);
  });
});
