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
    const { promise: over, resolve } = withResolvers();
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

/** `Promise.withResolvers`, which Node has from 22 on. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  // The executor runs at once.
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
