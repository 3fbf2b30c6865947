/** A call's place among the {@link Waiters}. */
export interface Waiter {
  /** Resolves when the call is woken or has given up. */
  readonly over: Promise<void>;
  /** Stops waiting, because the call has ended. */
  readonly giveUp: () => void;
}

/** Calls that wait for the same event, first come first. */
export class Waiters {
  readonly #wakes = new Set<() => void>();

  get isEmpty(): boolean {
    return this.#wakes.size === 0;
  }

  add(): Waiter {
    // The executor runs at once.
    let resolve!: () => void;
    const over = new Promise<void>((settle) => (resolve = settle));
    const giveUp = (): void => {
      this.#wakes.delete(giveUp);
      resolve();
    };
    this.#wakes.add(giveUp);
    return { over, giveUp };
  }

  /** @returns whether a call was waiting. */
  wakeFirst(): boolean {
    const [first] = this.#wakes;
    first?.();
    return first !== undefined;
  }

  wakeAll(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
