import { describe, expect, it } from "@jest/globals";
import { Excludes } from "./excludes.js";

function excluded(patterns: string[], path: string): boolean {
  const isDirectory = path !== "/" && path.endsWith("/");
  return new Excludes(patterns).isExcluded(isDirectory ? path.slice(0, -1) : path, isDirectory);
}

describe("Excludes", () => {
  it.each([
    ["*.log", "/app.log", true],
    ["*.log", "/a/b/app.log", true],
    ["*.log", "/a/b/app.LOG", false],
    ["*.log", "/a/app.log.txt", false],
    ["build/", "/a/build/", true],
    ["build/", "/a/build", false],
    ["build", "/a/build", true],
    ["/home/*/tmp", "/home/me/tmp", true],
    ["/home/*/tmp", "/x/home/me/tmp", false],
    ["home/me", "/home/me", true],
    ["home/me", "/x/home/me", false],
    ["**/cache/*", "/a/b/cache/x", true],
    ["a/**/z", "/a/b/c/z", true],
    ["a/**/z", "/a/z", true],
    ["tmp", "/tmp/x/y", true],
    ["# comment", "/# comment", false],
    ["\\#name", "/#name", true],
    ["name   ", "/name", true],
    ["*.tmp\r", "/a.tmp", true],
    ["", "/anything", false],
    ["/", "/", false],
    ["*", "/", false],
  ])("%j on %s: %s", (pattern, path, expected) => {
    expect(excluded([pattern], path)).toBe(expected);
  });

  it("lets the last matching pattern win", () => {
    const patterns = ["**/frontend/*", "!**/frontend/index.html"];
    expect(excluded(patterns, "/ui/frontend/app.js")).toBe(true);
    expect(excluded(patterns, "/ui/frontend/index.html")).toBe(false);
    expect(excluded([...patterns, "index.*"], "/ui/frontend/index.html")).toBe(true);
  });

  it("includes everything in a directory that is included again", () => {
    const patterns = ["*.log", "!keep/", "!some/where"];
    expect(excluded(patterns, "/a.log")).toBe(true);
    expect(excluded(patterns, "/keep/a.log")).toBe(false);
    expect(excluded(patterns, "/keep/deep/a.log")).toBe(false);
    expect(excluded(patterns, "/some/where/a.log")).toBe(false);
    expect(excluded([...patterns, "a.*"], "/keep/a.log")).toBe(true);
  });

  it("takes the text after an exclamation mark literally", () => {
    expect(excluded(["*", "!#name"], "/#name")).toBe(false);
    expect(excluded(["*", "!!name"], "/!name")).toBe(false);
    expect(excluded(["\\!name"], "/!name")).toBe(true);
    expect(excluded(["a", "!"], "/a")).toBe(true);
  });

  it("gives the same results after its cache was dropped", () => {
    const excludes = new Excludes(["*.log", "!keep.log", "secret/"]);
    for (let i = 0; i < 25_000; i++) {
      if (excludes.isExcluded(`/data/${i}.log`, false)) continue;
      throw new Error(`/data/${i}.log is not excluded`);
    }
    expect(excludes.isExcluded("/data/keep.log", false)).toBe(false);
    expect(excludes.isExcluded("/data/secret", true)).toBe(true);
    expect(excludes.isExcluded("/data/secret", false)).toBe(false);
  });
});
