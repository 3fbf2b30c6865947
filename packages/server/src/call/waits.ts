/** Something that a call waits for, and may give up. */
export interface Wait {
  /** Settles when it has come, or was given up. */
  readonly over: Promise<void>;
  /** The call has ended: it waits no longer. */
  readonly giveUp: () => void;
}

/** Calls that wait for the same, in the order in which they came. */
export class Waits {
  readonly #wakes = new Set<() => void>();

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#wakes.size === 0;
  }

  add(): Wait {
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

  /** @returns whether anybody waited. */
  wakeFirst(): boolean {
    const [first] = this.#wakes;
    first?.();
    return first !== undefined;
  }

  wakeAll(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
