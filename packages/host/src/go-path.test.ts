import { describe, expect, it } from "@jest/globals";
import { goClean, goDir, goJoin } from "./go-path.js";

// The cases come from the documentation of Go's package path, and from locations that hosts clean.
describe("goClean", () => {
  it.each([
    ["", "."],
    ["a/b", "a/b"],
    ["a//b", "a/b"],
    ["a/b/.", "a/b"],
    ["a/c/../b", "a/b"],
    ["/../a/b", "/a/b"],
    ["../a", "../a"],
    ["../../a/..", "../.."],
    ["/", "/"],
    ["//", "/"],
    ["a/..", "."],
    ["a/../", "."],
    ["./", "."],
    ["../", ".."],
    ["a/b/", "a/b"],
    ["fixture:///srv/o10", "fixture:/srv/o10"],
  ])("cleans %j to %j", (path, cleaned) => {
    expect(goClean(path)).toBe(cleaned);
  });
});

describe("goJoin", () => {
  it.each([
    [["a", "b", "c"], "a/b/c"],
    [["a", "b/../../../xyz"], "../xyz"],
    [["", ""], ""],
    [["a", ""], "a"],
    [["", "a"], "a"],
    [["fixture:/srv/o10", "/ds/a.txt"], "fixture:/srv/o10/ds/a.txt"],
    [["/", "/x"], "/x"],
    [["/root", "/"], "/root"],
    [["/root", '/a b\n"c"/ü'], '/root/a b\n"c"/ü'],
  ])("joins %j to %j", (elements, joined) => {
    expect(goJoin(...elements)).toBe(joined);
  });
});

describe("goDir", () => {
  it.each([
    ["/a/b", "/a"],
    ["/a", "/"],
    ["a", "."],
    ["/a/b/", "/a/b"],
    ["", "."],
    ["/", "/"],
  ])("finds the directory of %j: %j", (path, dir) => {
    expect(goDir(path)).toBe(dir);
  });
});
