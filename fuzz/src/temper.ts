import type { AuthorSpec } from "./input.js";
import { Random } from "./random.js";
import type { Tracker } from "./tracker.js";

/** How an author's methods behave: each takes a while, throws, or waits to be aborted, as drawn. */
export class Temper {
  readonly random: Random;
  readonly #spec: AuthorSpec;
  readonly #tracker: Tracker;

  constructor(spec: AuthorSpec, tracker: Tracker) {
    this.#spec = spec;
    this.#tracker = tracker;
    this.random = new Random(spec.seed);
  }

  /**
   * Runs a method.
   *
   * @param signal - Of methods that have one: only they may wait until it is aborted.
   */
  call<T>(what: string, run: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    return this.#tracker.call(what, async () => {
      await this.mood(what, signal);
      return await run();
    });
  }

  /** Runs a stream. */
  stream<T>(what: string, signal: AbortSignal, run: () => AsyncIterable<T>): AsyncIterable<T> {
    const mood = this.mood.bind(this);
    return this.#tracker.stream(what, async function* () {
      for await (const one of run()) {
        await mood(what, signal);
        yield one;
      }
    });
  }

  /** Takes a while, throws, or waits. */
  async mood(what: string, signal?: AbortSignal): Promise<void> {
    const { delay, fails, waits } = this.#spec;
    for (let turns = this.random.below(delay + 1); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.random.chance(fails)) throw new Error(`${what} failed`);
    if (signal !== undefined && this.random.chance(waits)) await aborted(signal);
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener(
        "abort",
        () => {
          resolve();
        },
        { once: true },
      );
    });
  }
  throw new Error("was aborted");
}
