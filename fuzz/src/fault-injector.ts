import type { AuthorSpec } from "./input.js";
import { Random } from "./random.js";
import type { Tracker } from "./tracker.js";

/** Injects faults into author code: each call may be delayed, throw, or wait until it is aborted. */
export class FaultInjector {
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
   * @param signal - Calls without a signal never wait to be aborted.
   */
  call<T>(what: string, run: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    return this.#tracker.call(what, async () => {
      await this.inject(what, signal);
      return await run();
    });
  }

  /** Runs a stream. */
  stream<T>(what: string, signal: AbortSignal, run: () => AsyncIterable<T>): AsyncIterable<T> {
    const inject = this.inject.bind(this);
    return this.#tracker.stream(what, async function* () {
      for await (const one of run()) {
        await inject(what, signal);
        yield one;
      }
    });
  }

  /** Delays, throws, or waits for the signal, at random. */
  async inject(what: string, signal?: AbortSignal): Promise<void> {
    const { maxDelayTurns, failRate, waitRate } = this.#spec;
    for (let turns = this.random.below(maxDelayTurns + 1); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.random.chance(failRate)) throw new Error(`${what} failed`);
    if (signal !== undefined && this.random.chance(waitRate)) await aborted(signal);
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
