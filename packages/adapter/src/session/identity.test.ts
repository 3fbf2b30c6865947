import { describe, expect, it } from "@jest/globals";
import { flagsOf, identityOf, textOf, withFlag } from "./identity.js";

describe("identityOf", () => {
  it("copies only the identity", () => {
    const identity = { origin: "vm", type: "fs", root: "/", flags: 3 };
    expect(identityOf({ ...identity, ...{ importer: "not for the wire" } })).toEqual(identity);
  });
});

describe("textOf", () => {
  it("accepts any string, including an empty one", () => {
    expect([textOf("root()", "/ü"), textOf("origin()", "")]).toEqual(["/ü", ""]);
  });

  it.each([
    [undefined, "root() returned undefined: a string is needed"],
    [Buffer.from("/"), "root() returned 1 byte: a string is needed"],
    ["/\udc00", 'root() returned invalid Unicode: "/\\udc00"'],
    ["\ud800".repeat(5000), `root() returned invalid Unicode: "${"\\ud800".repeat(1000)}"`],
  ])("rejects %p", (value, message) => {
    expect(() => textOf("root()", value)).toThrow(new TypeError(message));
  });
});

describe("flags", () => {
  it("default to 0, and may use all 32 bits", () => {
    expect([undefined, null, 0, 5, 0xffff_ffff].map(flagsOf)).toEqual([0, 0, 0, 5, 0xffff_ffff]);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 32, "1", 1n, true])("cannot be %p", (value) => {
    expect(() => flagsOf(value)).toThrow(/^flags\(\) returned .*: bits of LocationFlag are needed$/);
  });

  it("that stand for a method depend only on the method, and stay unsigned", () => {
    expect(withFlag(1, 8, true)).toBe(9);
    expect(withFlag(9, 8, false)).toBe(1);
    expect(withFlag(0x8000_0000, 8, true)).toBe(0x8000_0008);
    expect(withFlag(0xffff_ffff, 8, false)).toBe(0xffff_fff7);
  });
});
