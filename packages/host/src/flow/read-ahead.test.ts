import { describe, expect, it } from "@jest/globals";
import { readAhead } from "./read-ahead.js";

async function* numbers(count: number, seen: { count: number; ended?: boolean }): AsyncGenerator<number> {
  try {
    for (let i = 0; i < count; i++) {
      seen.count++;
      yield i;
    }
  } finally {
    seen.ended = true;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("readAhead", () => {
  it("reads at most the limit ahead", async () => {
    const seen = { count: 0 };
    const items = readAhead(numbers(100, seen), 10);
    await settle();
    expect(seen.count).toBe(10);
    expect(await items.next()).toBe(0);
    await settle();
    expect(seen.count).toBe(11);
    await items.stop();
  });

  it("gives each item to exactly one reader", async () => {
    const items = readAhead(numbers(50, { count: 0 }), 3);
    const found: number[] = [];
    const read = async (): Promise<void> => {
      for (let item = await items.next(); item !== undefined; item = await items.next()) found.push(item);
    };
    await Promise.all([read(), read(), read()]);
    expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("yields the items before a failure, then fails for every reader", async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error("broken");
    }
    const items = readAhead(failing(), 5);
    expect(await items.next()).toBe(1);
    await expect(items.next()).rejects.toThrow("broken");
    await expect(items.next()).rejects.toThrow("broken");
  });

  it("ends the source when stopped", async () => {
    const seen: { count: number; ended?: boolean } = { count: 0 };
    const items = readAhead(numbers(100, seen), 5);
    expect(await items.next()).toBe(0);
    await items.stop();
    expect(seen.ended).toBe(true);
    expect(await items.next()).toBeUndefined();
  });
});
