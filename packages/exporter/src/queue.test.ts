import { describe, expect, it } from "@jest/globals";
import { Queue } from "./queue.js";
import { settled } from "./testing/deferred.js";

async function all<T>(queue: Queue<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of queue) values.push(value);
  return values;
}

describe("Queue", () => {
  it("hands values on in their order, before and after the consumer comes", async () => {
    const queue = new Queue<number>(10);
    await queue.push(1);
    const reading = all(queue);
    await settled();
    await queue.push(2);
    await queue.push(3);
    queue.end();
    expect(await reading).toEqual([1, 2, 3]);
  });

  it("lets producers wait while it is full, and go on when there is room", async () => {
    const queue = new Queue<number>(2);
    const pushed: number[] = [];
    const push = async (value: number): Promise<void> => {
      await queue.push(value);
      pushed.push(value);
    };
    const pushing = [push(1), push(2), push(3)];
    await settled();
    expect(pushed).toEqual([1]);
    const values = queue[Symbol.asyncIterator]();
    expect(await values.next()).toEqual({ done: false, value: 1 });
    await settled();
    expect(pushed).toEqual([1]);
    await values.next();
    await Promise.all(pushing);
    expect(pushed).toEqual([1, 2, 3]);
  });

  it("gives what is left before the error that ends it", async () => {
    const queue = new Queue<number>(10);
    await queue.push(1);
    queue.end({ error: undefined });
    const values = queue[Symbol.asyncIterator]();
    expect(await values.next()).toEqual({ done: false, value: 1 });
    await expect(values.next()).rejects.toBeUndefined();
  });

  it("wakes producers and the consumer when it ends; the first end counts", async () => {
    const queue = new Queue<number>(1);
    const pushing = queue.push(1);
    queue.end();
    queue.end({ error: new Error("late") });
    await pushing;
    expect(await all(queue)).toEqual([1]);
    const empty = new Queue<number>(1);
    const reading = all(empty);
    await settled();
    empty.end();
    expect(await reading).toEqual([]);
  });

  it("keeps nothing that comes after the end", async () => {
    const queue = new Queue<number>(1);
    queue.end();
    await queue.push(1);
    await queue.push(2);
    expect(await all(queue)).toEqual([]);
  });
});
