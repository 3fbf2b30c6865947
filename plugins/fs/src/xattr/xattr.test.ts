import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { loadExtendedAttributes, type ExtendedAttributes } from "./xattr.js";

let dir = "";
let xattr: ExtendedAttributes;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "xattr-"));
  writeFileSync(join(dir, "file"), "content");
  symlinkSync("file", join(dir, "link"));
  const loaded = loadExtendedAttributes();
  if (loaded === undefined) throw new Error("the native library for extended attributes cannot be loaded");
  xattr = loaded;
});

afterAll(() => {
  rmSync(dir, { recursive: true });
});

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "did not throw";
}

describe("extended attributes", () => {
  it("are set, listed and read back", () => {
    const path = join(dir, "file");
    expect(xattr.list(path)).toEqual([]);
    xattr.set(path, "user.color", Buffer.from("red"));
    xattr.set(path, "user.empty", new Uint8Array(0));
    xattr.set(path, "user.ünïcode", new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4));
    xattr.set(path, "user.large", new Uint8Array(3000).fill(7));
    expect(xattr.list(path).sort()).toEqual(["user.color", "user.empty", "user.large", "user.ünïcode"]);
    expect(Buffer.from(xattr.get(path, "user.color")).toString()).toBe("red");
    expect(xattr.get(path, "user.empty")).toHaveLength(0);
    expect([...xattr.get(path, "user.ünïcode")]).toEqual([1, 2, 3]);
    expect(xattr.get(path, "user.large")).toHaveLength(3000);
    xattr.set(path, "user.color", Buffer.from("blue"));
    expect(Buffer.from(xattr.get(path, "user.color")).toString()).toBe("blue");
  });

  it("of a symbolic link are separate from its target's", () => {
    const link = join(dir, "link");
    xattr.set(join(dir, "file"), "user.target", Buffer.from("target's"));
    expect(xattr.list(link)).toEqual([]);
    expect(codeOf(() => xattr.get(link, "user.target"))).toBe("ENODATA");
    // The kernel does not allow user attributes on links, not even for root.
    expect(
      codeOf(() => {
        xattr.set(link, "user.through", Buffer.from("x"));
      }),
    ).not.toBe("did not throw");
    expect(xattr.list(join(dir, "file"))).not.toContain("user.through");
  });

  it("that do not exist cause an error that names attribute and path", () => {
    expect(() => xattr.get(join(dir, "file"), "user.none")).toThrow(`"user.none", get '${join(dir, "file")}'`);
    expect(codeOf(() => xattr.get(join(dir, "file"), "user.none"))).toBe("ENODATA");
  });

  it("of a missing path cause an error with the system's code", () => {
    expect(codeOf(() => xattr.list(join(dir, "none")))).toBe("ENOENT");
    expect(() => xattr.list(join(dir, "none"))).toThrow(
      `ENOENT: no such file or directory, list extended attributes '${join(dir, "none")}'`,
    );
    expect(
      codeOf(() => {
        xattr.set(join(dir, "none"), "user.a", Buffer.from("x"));
      }),
    ).toBe("ENOENT");
  });

  it("with a name that is not UTF-8 cause an error that names it", () => {
    const path = join(dir, "not-utf-8");
    writeFileSync(path, "");
    xattr.set(path, "user.valid", Buffer.from("x"));
    // The library takes names as text.
    const setxattr = koffi.load(null).func("setxattr", "int", ["str", "void *", "void *", "size_t", "int"]);
    expect(setxattr(path, Buffer.from("user.n\xe4me\0", "latin1"), Buffer.from("x"), 1, 0)).toBe(0);
    expect(() => xattr.list(path)).toThrow(
      `EILSEQ: name of an extended attribute is not UTF-8: "user.n\\xE4me", list extended attributes '${path}'`,
    );
    expect(codeOf(() => xattr.list(path))).toBe("EILSEQ");
  });

  it("with a value that is too large cause an error", () => {
    expect(["E2BIG", "ENOSPC", "ERANGE"]).toContain(
      codeOf(() => {
        xattr.set(join(dir, "file"), "user.huge", new Uint8Array(70_000));
      }),
    );
  });
});
