/** Tracks the objects of an author and their running calls. */
export class Tracker {
  /** Objects made by the factories, with the number of their close() calls. */
  readonly #objects: { readonly what: string; closed: number }[] = [];
  readonly #running = new Map<symbol, string>();
  #wake: (() => void) | undefined;
  /** Counts the begins and ends of calls; changes with any activity. */
  calls = 0;

  /** Registers an object. @returns A function that its close() must call. */
  opened(what: string): () => void {
    const object = { what, closed: 0 };
    this.#objects.push(object);
    return () => {
      object.closed++;
    };
  }

  /** Runs and tracks a call of the author. */
  async call<T>(what: string, run: () => Promise<T> | T): Promise<T> {
    const end = this.#begin(what);
    try {
      return await run();
    } finally {
      end();
    }
  }

  /** Runs and tracks a stream of the author, from its first step until it has ended or was returned. */
  async *stream<T>(what: string, run: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const end = this.#begin(what);
    try {
      yield* run();
    } finally {
      end();
    }
  }

  /** Settles when no call is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Returns the names of the running calls. */
  running(): string[] {
    return [...this.#running.values()];
  }

  /** Returns a fault for each object that was not closed exactly once. */
  notClosedOnce(): string[] {
    return this.#objects.flatMap(({ what, closed }) => (closed === 1 ? [] : [`${what} was closed ${closed} times`]));
  }

  /** The number of objects so far. */
  get objects(): number {
    return this.#objects.length;
  }

  #begin(what: string): () => void {
    const id = Symbol(what);
    this.calls++;
    this.#running.set(id, what);
    return () => {
      this.calls++;
      this.#running.delete(id);
      if (this.#running.size === 0) this.#wake?.();
    };
  }
}
