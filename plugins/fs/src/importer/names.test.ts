import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeName, escapeName, escapeUnlike } from "./names.js";

// The same cases in every run.
fc.configureGlobal({ seed: 20260401 });

const raw = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describe("names", () => {
  it("are decoded if they are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        expect(decodeName(raw(Buffer.from(name)))).toBe(name);
      }),
    );
  });

  it("are never changed by decoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const name = decodeName(raw(bytes));
        if (name !== undefined) expect(new Uint8Array(Buffer.from(name))).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it("keep a byte order mark at their start", () => {
    expect(decodeName("\xef\xbb\xbfname")).toBe("\ufeffname");
  });

  it.each([
    ["a lone byte", "caf\xe9"],
    ["a surrogate", "\xed\xa0\x80"],
    ["an overlong slash", "\xc0\xaf"],
    ["a sequence that is cut off", "\xf0\x9f\x98"],
  ])("are refused with %s", (_, name) => {
    expect(decodeName(name)).toBeUndefined();
  });

  it("stay different when escaped", () => {
    expect(escapeName("caf\xe9")).toBe("caf\\xe9");
    expect(escapeName("caf\\xe9\xff")).toBe("caf\\\\xe9\\xff");
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(escapeName(raw(a)) === escapeName(raw(b))).toBe(raw(a) === raw(b));
      }),
    );
  });

  it("are escaped to a name that no entry has", () => {
    expect(escapeUnlike("\xe9", new Set(["\xe9", "\\xe9", "\\xe9?"]))).toBe("\\xe9??");
    expect(escapeUnlike("\xe9", new Set(["\xe9"]))).toBe("\\xe9");
  });
});
