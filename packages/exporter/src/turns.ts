import { abortError } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";

/** A call that waits for its turn. */
interface Waiting {
  readonly begin: () => void;
  readonly fail: (error: Error) => void;
}

/** Lets a limited number of calls run at once. The others wait, in the order of their arrival. */
export class Turns {
  readonly #limit: number;
  #running = 0;
  readonly #waiting = new Set<Waiting>();
  #stopped: Error | undefined;

  /** @param limit - Number of calls, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True while a call waits. */
  get isContended(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Runs a call when its turn has come.
   *
   * @param signal - Ends the wait when it is aborted. The call itself watches it on its own.
   * @throws what the call throws; the signal's reason; the error given to {@link Turns.stop}.
   */
  async run<T>(signal: AbortSignal, call: () => Awaitable<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running++;
    else await this.#turn(signal);
    try {
      // The turn may have come before the abort or the stop, and this continuation after it.
      if (this.#stopped !== undefined) throw this.#stopped;
      if (signal.aborted) throw abortError(signal);
      return await call();
    } finally {
      this.#pass();
    }
  }

  /** Fails every call that waits, and each that comes later. */
  stop(error: Error): void {
    this.#stopped ??= error;
    for (const { fail } of [...this.#waiting]) fail(error);
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        signal.removeEventListener("abort", onAbort);
      };
      const waiting: Waiting = {
        begin: () => {
          leave();
          resolve();
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => {
        waiting.fail(abortError(signal));
      };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
  }

  /** Passes the turn of a call that has ended to the next one. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#running--;
    else next.begin();
  }
}
