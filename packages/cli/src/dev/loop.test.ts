import { describe, expect, it } from "@jest/globals";
import { deferred } from "@kloset/test-support";
import { runOnChanges } from "./loop.js";

/** A loop whose cycles the test ends. */
class Harness {
  readonly started: AbortSignal[] = [];
  readonly end = new AbortController();
  readonly loop: Promise<void>;
  isWatching = false;
  change = (): void => undefined;
  #running = 0;
  #finish = deferred();
  #next = deferred();

  constructor(private readonly honoursAbort: boolean) {
    this.loop = runOnChanges({
      cycle: (signal) => this.#cycle(signal),
      watch: (onChange) => {
        this.change = onChange;
        this.isWatching = true;
        return Promise.resolve(() => {
          this.isWatching = false;
          return Promise.resolve();
        });
      },
      signal: this.end.signal,
    });
  }

  async cycles(count: number): Promise<void> {
    while (this.started.length < count) await this.#next.promise;
  }

  finish(): void {
    this.#finish.resolve();
  }

  fail(error: Error): void {
    this.#finish.reject(error);
  }

  async #cycle(signal: AbortSignal): Promise<void> {
    expect(++this.#running).toBe(1);
    this.started.push(signal);
    this.#finish = deferred();
    if (this.honoursAbort)
      signal.addEventListener("abort", () => {
        this.fail(signal.reason as Error);
      });
    this.#next.resolve();
    this.#next = deferred();
    try {
      await this.#finish.promise;
    } finally {
      this.#running--;
    }
  }
}

describe("runOnChanges", () => {
  it("runs once at the start, and once after each change", async () => {
    const harness = new Harness(false);
    await harness.cycles(1);
    harness.finish();
    await new Promise(setImmediate);
    expect(harness.started).toHaveLength(1);
    harness.change();
    await harness.cycles(2);
    harness.finish();
    harness.end.abort();
    await harness.loop;
    expect(harness.started).toHaveLength(2);
    expect(harness.isWatching).toBe(false);
  });

  it("cancels the running cycle after a change, and waits for its end", async () => {
    const harness = new Harness(false);
    await harness.cycles(1);
    harness.change();
    harness.change();
    harness.change();
    expect(harness.started[0]?.aborted).toBe(true);
    await new Promise(setImmediate);
    expect(harness.started).toHaveLength(1);
    harness.finish();
    await harness.cycles(2);
    expect(harness.started[1]?.aborted).toBe(false);
    harness.finish();
    await new Promise(setImmediate);
    expect(harness.started).toHaveLength(2);
    harness.end.abort();
    await harness.loop;
  });

  it("ignores the failure of a cancelled cycle", async () => {
    const harness = new Harness(true);
    await harness.cycles(1);
    harness.change();
    await harness.cycles(2);
    harness.end.abort(new Error("interrupted"));
    await harness.loop;
    expect(harness.started[1]?.reason).toEqual(new Error("interrupted"));
  });

  it("ends with the failure of a cycle that was not cancelled", async () => {
    const harness = new Harness(false);
    await harness.cycles(1);
    harness.fail(new Error("disk full"));
    await expect(harness.loop).rejects.toThrow("disk full");
    expect(harness.isWatching).toBe(false);
  });

  it("runs nothing if it is interrupted before", async () => {
    let cycles = 0;
    const cycle = (): Promise<void> => {
      cycles++;
      return Promise.resolve();
    };
    const stop = (): Promise<void> => Promise.resolve();
    await runOnChanges({ cycle, watch: () => Promise.resolve(stop), signal: AbortSignal.abort() });
    expect(cycles).toBe(0);
  });
});
