import { describe, expect, it } from "@jest/globals";
import { forEachLimited, Limiter } from "./limiter.js";

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts up to `count`, and how many numbers were requested. */
function counter(count: number): { requested: number; next: () => Promise<number | undefined> } {
  const numbers = {
    requested: 0,
    next: async (): Promise<number | undefined> => {
      await turns(1);
      return numbers.requested < count ? numbers.requested++ : undefined;
    },
  };
  return numbers;
}

describe("forEachLimited", () => {
  it.each([
    [1, 1],
    [4, 4],
    [0, 1],
    [2.9, 2],
  ])("works on %d items at once, and requests no more than it works on", async (limit, expected) => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    const numbers = counter(20);
    await forEachLimited(numbers.next, limit, new AbortController(), async (item) => {
      most = Math.max(most, ++running);
      await turns(6 + (item % 3));
      expect(numbers.requested - done.length).toBeLessThanOrEqual(expected);
      running--;
      done.push(item);
    });
    expect(most).toBe(expected);
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it("aborts on the first failure, and throws it after all work has ended", async () => {
    const abort = new AbortController();
    const ended: number[] = [];
    const working = forEachLimited(counter(20).next, 3, abort, async (item) => {
      if (item === 1) throw new Error("first");
      await turns(5);
      ended.push(item);
      throw new Error("later");
    });
    await expect(working).rejects.toThrow("first");
    expect(abort.signal.reason).toEqual(new Error("first"));
    expect(ended).toEqual([0]);
  });

  it("throws the failure of the source after all work has ended", async () => {
    const ended: number[] = [];
    const numbers = counter(2);
    const next = async (): Promise<number> => {
      const item = await numbers.next();
      if (item === undefined) throw new Error("the source broke");
      return item;
    };
    const working = forEachLimited(next, 3, new AbortController(), async (item) => {
      await turns(9);
      ended.push(item);
    });
    await expect(working).rejects.toThrow("the source broke");
    expect(ended).toEqual([0, 1]);
  });
});

describe("Limiter", () => {
  it("resolves when a job has started, and is idle when all have ended", async () => {
    const limiter = new Limiter(1);
    const events: string[] = [];
    const job = (name: string) => async (): Promise<void> => {
      events.push(`${name} starts`);
      await turns(2);
      events.push(`${name} ends`);
    };
    await limiter.start(job("one"));
    events.push("started");
    await limiter.start(job("two"));
    await limiter.idle();
    expect(events).toEqual(["one starts", "started", "one ends", "two starts", "two ends"]);
  });
});
