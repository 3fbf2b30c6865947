import { describe, expect, it } from "@jest/globals";
import { codeOf, hasCode, systemError, withoutAlias, withPath } from "./errors.js";

describe("system errors", () => {
  it("have the format of Node's", () => {
    const error = systemError("ENOTSUP", "a socket cannot be restored", "/r/s");
    expect(error.message).toBe("ENOTSUP: a socket cannot be restored, '/r/s'");
    expect(error).toMatchObject({ code: "ENOTSUP", path: "/r/s" });
  });

  it("have a code only if they are Error objects with a code", () => {
    expect(codeOf(Object.assign(new Error("x"), { code: "EIO" }))).toBe("EIO");
    expect(codeOf(new Error("x"))).toBeUndefined();
    expect(codeOf({ code: "EIO" })).toBeUndefined();
    expect(codeOf(undefined)).toBeUndefined();
    expect(hasCode(new Error("x"), "EIO")).toBe(false);
  });

  it("get the path if a call on an open file has none", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(withPath(error, "/r/f")).toBe(error);
    expect(error.message).toBe("ENOSPC: no space left on device, write '/r/f'");
    withPath(error, "/again");
    expect(error.message).toBe("ENOSPC: no space left on device, write '/r/f'");
  });

  it("leaves other errors unchanged", () => {
    const error = new Error("the author's own message");
    withPath(error, "/r/f");
    withoutAlias(error, "/proc/self/fd/1", "/r");
    expect(error.message).toBe("the author's own message");
    expect(withoutAlias("a string", "/a", "/b")).toBe("a string");
  });

  it("name the user's path in place of an alias, for whole components only", () => {
    const error = Object.assign(
      new Error("EXDEV: cross-device link not permitted, rename '/proc/self/fd/1/.t' -> '/proc/self/fd/12/x'"),
      { code: "EXDEV", path: "/proc/self/fd/1/.t", dest: "/proc/self/fd/12/x" },
    );
    withoutAlias(error, "/proc/self/fd/1", "/r/$&");
    expect(error.message).toBe("EXDEV: cross-device link not permitted, rename '/r/$&/.t' -> '/proc/self/fd/12/x'");
    expect(error).toMatchObject({ path: "/r/$&/.t", dest: "/proc/self/fd/12/x" });
  });

  it("do not double the slash of the root", () => {
    const error = systemError("EACCES", "permission denied", "/proc/self/fd/7/x");
    withoutAlias(error, "/proc/self/fd/7", "/");
    expect(error.path).toBe("/x");
  });
});
