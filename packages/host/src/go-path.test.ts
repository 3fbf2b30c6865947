import { describe, expect, it } from "@jest/globals";
import { goClean, goDir, goJoin } from "./go-path.js";

// The cases of Go's own documentation of package path, and what hosts make of locations.
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
    ["a/b/", "a/b"],
    ["fixture:///srv/o10", "fixture:/srv/o10"],
  ])("%j is %j", (path, cleaned) => {
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
  ])("%j is %j", (elements, joined) => {
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
  ])("%j is %j", (path, dir) => {
    expect(goDir(path)).toBe(dir);
  });
});
