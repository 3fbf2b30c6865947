import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PathnameSet } from "./pathname-set.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

const PARTS = ["a", "b", "ä", "name with spaces", "x".repeat(250), "日本", "\u{1f600}", "-0"];
const pathnames = fc.array(fc.constantFrom(...PARTS), { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);

describe("PathnameSet", () => {
  it("adds each pathname once", () => {
    const set = new PathnameSet();
    expect(set.size).toBe(0);
    expect([set.add("/"), set.add("/a"), set.add("/"), set.add("/a"), set.add("/A")]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
    expect(set.size).toBe(3);
  });

  it.each([
    ["repeated pathnames", pathnames],
    ["arbitrary texts", fc.string({ unit: "grapheme" })],
  ])("behaves like a Set for %s", (_, texts) => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 200 }), (all) => {
        const set = new PathnameSet();
        const model = new Set<string>();
        for (const text of all) {
          expect(set.add(text)).toBe(!model.has(text));
          model.add(text);
        }
        expect(set.size).toBe(model.size);
      }),
    );
  });

  it("distinguishes all pathnames while it grows, and loses none", () => {
    const count = 100_000;
    const set = new PathnameSet();
    const wrong: number[] = [];
    const nameOf = (i: number): string => `/srv/${i % 7}/${i}`;
    for (let i = 0; i < count; i++) {
      if (!set.add(nameOf(i))) wrong.push(i);
      // One added long before the last growth, and the latest.
      if (set.add(nameOf(i >> 1)) || set.add(nameOf(i))) wrong.push(i);
    }
    for (let i = 0; i < count; i++) if (set.add(nameOf(i))) wrong.push(i);
    expect(wrong).toEqual([]);
    expect(set.size).toBe(count);
  });

  it("holds a million pathnames in less than 60 MB", () => {
    const before = heldMemory();
    const set = new PathnameSet();
    for (let i = 0; i < 1_000_000; i++) set.add(`/home/user/some/folder/of/a/project/${i}`);
    expect(heldMemory() - before).toBeLessThan(60e6);
    expect(set.size).toBe(1_000_000);
  });
});

/** Returns the number of bytes in use after garbage collection. */
function heldMemory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Array memory is released concurrently with the first collection, and only the second accounts for it.
  collect();
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
