import { posix } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { cleanBelowRoot, RootPath } from "./root-path.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

describe("RootPath", () => {
  it.each([
    ["/", "/", "/"],
    ["/", "/a/b", "/a/b"],
    ["/", "//a", "/a"],
    ["/srv/o", "/srv/o", "/"],
    ["/srv/o", "/srv/o/", "/"],
    ["/srv/o", "/srv/o/a", "/a"],
    ["/srv/o", "/srv/o//a/./b", "/a/b"],
    ["/srv/o", "/srv/o/a/../b", "/b"],
    ["/srv/o", "/srv/o/srv/o", "/srv/o"],
    ["/srv/ö", "/srv/ö/späce ünïcode\n.txt", "/späce ünïcode\n.txt"],
  ])("removes %j from %j: %j", (root, pathname, expected) => {
    expect(new RootPath(root).strip(pathname)).toBe(expected);
  });

  it.each([
    ["/srv/o1", "/srv/o10"],
    ["/srv/o1", "/srv/o10/a"],
    ["/srv/o", "/srv"],
    ["/srv/o", "/"],
    ["/srv/o", "/a"],
    ["/srv/o", "/srv/o/../x"],
    ["/srv/o", "/srv/o/a/../../x"],
    ["/srv/o", "srv/o/a"],
    ["/srv/o", ""],
    ["/", ""],
    ["/", "a"],
  ])("rejects a pathname not below %j: %j", (root, pathname) => {
    expect(() => new RootPath(root).strip(pathname)).toThrow(
      expect.objectContaining({
        code: Code.InvalidArgument,
        rawMessage: expect.stringContaining(JSON.stringify(pathname)) as unknown,
      }),
    );
  });

  it("rejects a NUL", () => {
    expect(() => new RootPath("/srv/o").strip("/srv/o/a\0b")).toThrow(/holds a NUL/);
  });

  it("inverts Go's path.Join", () => {
    const component = fc
      .string({ unit: fc.constantFrom("a", "ä", " ", "-", "."), minLength: 1, maxLength: 3 })
      .filter((name) => name !== "." && name !== "..");
    const root = fc.array(component, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(root, fc.array(component, { maxLength: 4 }), (top, parts) => {
        const below = `/${parts.join("/")}`;
        // Node's posix.join differs from Go's path.Join only in the trailing slash.
        const joined = posix.join(top, below);
        const asGo = joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
        expect(new RootPath(top).strip(asGo)).toBe(below);
      }),
    );
  });
});

describe("cleanBelowRoot", () => {
  it.each([
    ["/", "/"],
    ["/a//b/./c/", "/a/b/c"],
    ["/a/../b", "/b"],
    ["a", "/a"],
  ])("cleans %j: %j", (pathname, expected) => {
    expect(cleanBelowRoot(pathname)).toBe(expected);
  });

  it.each(["/../x", "..", "a/../../x", "/a/\0"])("rejects %j as an invalid argument", (pathname) => {
    expect(() => cleanBelowRoot(pathname)).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
  });
});
