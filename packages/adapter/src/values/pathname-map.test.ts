import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { MAX_STRINGS, PathnameMap } from "./pathname-map.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

const PARTS = ["a", "b", "ä", "name with spaces", "x".repeat(250), "日本", "\u{1f600}", "-0"];
const pathnames = fc.array(fc.constantFrom(...PARTS), { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);

const pairs = (texts: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(texts, fc.integer({ min: 1, max: 7 })), { maxLength: 200 });

/** Creates a map that holds so many other pathnames that it stores digests. */
function full(): PathnameMap {
  const map = new PathnameMap();
  for (let i = 0; i <= MAX_STRINGS; i++) map.add(`other ${i}`, 7);
  return map;
}

describe("PathnameMap", () => {
  it.each<[string, () => PathnameMap]>([
    ["few", () => new PathnameMap()],
    ["many", full],
  ])("adds each pathname once, and changes its value, among %s", (_, make) => {
    const map = make();
    const { size } = map;
    expect([map.add("/", 1), map.add("/a", 2), map.add("/", 3), map.add("/a", 3), map.add("/A", 4)]).toEqual([
      0, 0, 1, 2, 0,
    ]);
    map.change("/a", 5);
    expect([map.get("/"), map.get("/a"), map.get("/A"), map.get("/b")]).toEqual([1, 5, 4, 0]);
    expect(map.size).toBe(size + 3);
  });

  it.each([
    ["repeated pathnames", pathnames],
    ["arbitrary texts", fc.string({ unit: "grapheme" })],
  ])("behaves like a Map for %s", (_, texts) => {
    fc.assert(
      fc.property(pairs(texts), fc.boolean(), (all, many) => {
        const map = many ? full() : new PathnameMap();
        const { size } = map;
        const model = new Map<string, number>();
        for (const [text, value] of all) {
          expect(map.get(text)).toBe(model.get(text) ?? 0);
          expect(map.add(text, value)).toBe(model.get(text) ?? 0);
          if (model.has(text)) map.change(text, value);
          model.set(text, value);
        }
        for (const [text, value] of model) expect(map.get(text)).toBe(value);
        expect(map.size).toBe(size + model.size);
      }),
    );
  });

  it("distinguishes all pathnames while it grows, and loses none", () => {
    const count = 100_000;
    const map = new PathnameMap();
    const wrong: number[] = [];
    const nameOf = (i: number): string => `/srv/${i % 7}/${i}`;
    const valueOf = (i: number): number => (i % 7) + 1;
    for (let i = 0; i < count; i++) {
      if (map.add(nameOf(i), valueOf(i)) !== 0) wrong.push(i);
      // One added long before the last growth.
      if (map.get(nameOf(i >> 1)) !== valueOf(i >> 1)) wrong.push(i);
    }
    for (let i = 0; i < count; i++) if (map.get(nameOf(i)) !== valueOf(i)) wrong.push(i);
    expect(wrong).toEqual([]);
    expect(map.size).toBe(count);
  });

  it("holds a million pathnames in less than 60 MB", () => {
    const before = heldMemory();
    const map = new PathnameMap();
    for (let i = 0; i < 1_000_000; i++) map.add(`/home/user/some/folder/of/a/project/${i}`, 1);
    expect(heldMemory() - before).toBeLessThan(60e6);
    expect(map.size).toBe(1_000_000);
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
