import { posix } from "node:path";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { baseName, cleanPathname, parentsOf, resolveBelow } from "./paths.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

/** Pathnames built from the components of path-traversal attacks. */
const pathname = fc
  .array(fc.oneof(fc.constantFrom("", ".", "..", "...", "a", " ", "..a", "\\", "~"), fc.string()), { maxLength: 12 })
  .map((parts) => parts.join("/"));

describe("resolveBelow", () => {
  it.each([
    ["/srv", "/a/b", "/srv/a/b"],
    ["/srv/", "/a/b", "/srv/a/b"],
    ["/srv//", "a", "/srv/a"],
    ["/srv", "/", "/srv"],
    ["/srv", "", "/srv"],
    ["/", "/", "/"],
    ["/", "/a", "/a"],
    ["//", "/a", "/a"],
    ["relative", "/a", "relative/a"],
    ["/srv", "/a/./b//c/../d", "/srv/a/b/d"],
    ["/srv", "/a/..", "/srv"],
    ["/srv", "/...", "/srv/..."],
  ])("joins %j and %j", (root, name, joined) => {
    expect(resolveBelow(root, name)).toBe(joined);
  });

  it.each(["..", "/..", "/a/../..", "a/../../b", "/./../a"])("rejects %j, which escapes the root", (name) => {
    expect(() => resolveBelow("/srv", name)).toThrow(
      new RangeError(`pathname escapes the root: ${JSON.stringify(name)}`),
    );
  });

  it("rejects a NUL", () => {
    expect(() => resolveBelow("/srv", "/a\0b")).toThrow(new RangeError('pathname holds a NUL: "/a\\u0000b"'));
  });

  it("rejects an empty root, which would mean the whole file system", () => {
    expect(() => resolveBelow("", "/a")).toThrow(new RangeError("the root is empty"));
  });

  it("never leaves the root", () => {
    fc.assert(
      fc.property(pathname, (name) => {
        let joined: string;
        try {
          joined = resolveBelow("/srv/root", name);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(joined === "/srv/root" || joined.startsWith("/srv/root/")).toBe(true);
        // Resolving is idempotent.
        expect(posix.normalize(joined)).toBe(joined);
      }),
    );
  });

  it("rejects only pathnames that leave the root or contain a NUL", () => {
    fc.assert(
      fc.property(pathname, (name) => {
        let depth = 0;
        let escapes = name.includes("\0");
        for (const part of name.split("/")) {
          if (part === "..") depth--;
          else if (part !== "" && part !== ".") depth++;
          escapes ||= depth < 0;
        }
        const resolve = () => resolveBelow("/r", name);
        if (escapes) expect(resolve).toThrow(RangeError);
        else expect(resolve()).toBe(posix.join("/r", name).replace(/(.)\/+$/, "$1"));
      }),
    );
  });
});

describe("cleanPathname", () => {
  it("returns what resolving every component returns", () => {
    fc.assert(
      fc.property(pathname, (name) => {
        const parts: string[] = [];
        for (const part of name.split("/")) {
          if (part === "..") fc.pre(parts.pop() !== undefined);
          else if (part !== "" && part !== ".") parts.push(part);
        }
        fc.pre(!name.includes("\0"));
        expect(cleanPathname(name)).toBe(`/${parts.join("/")}`);
        expect(resolveBelow("/srv/", name)).toBe(parts.length === 0 ? "/srv" : `/srv/${parts.join("/")}`);
      }),
    );
  });

  it("leaves a clean pathname unchanged", () => {
    fc.assert(
      fc.property(pathname, (name) => {
        let clean: string;
        try {
          clean = cleanPathname(name);
        } catch {
          return;
        }
        expect(cleanPathname(clean)).toBe(clean);
        expect(clean.startsWith("/")).toBe(true);
      }),
    );
  });

  it.each([
    ["", "/"],
    ["/", "/"],
    ["a/b/", "/a/b"],
    ["//a/./b/../c", "/a/c"],
  ])("cleans %j to %j", (name, clean) => {
    expect(cleanPathname(name)).toBe(clean);
  });

  it("rejects a pathname that escapes the root", () => {
    expect(() => cleanPathname("/../etc/passwd")).toThrow(RangeError);
  });
});

describe("baseName", () => {
  it.each([
    ["/", "/"],
    ["//", "/"],
    ["/a", "a"],
    ["/a/b", "b"],
    ["/a/b/", "b"],
    ["a", "a"],
    ["a/", "a"],
    ["", ""],
    ["/a/ b\n", " b\n"],
  ])("of %j is %j", (name, base) => {
    expect(baseName(name)).toBe(base);
  });
});

describe("parentsOf", () => {
  it.each([
    ["/", []],
    ["/a", ["/"]],
    ["/a/b/c", ["/", "/a", "/a/b"]],
    ["/a//b/", ["/", "/a"]],
  ])("returns the parents of %j: %j", (name, parents) => {
    expect(parentsOf(name)).toEqual(parents);
  });
});
