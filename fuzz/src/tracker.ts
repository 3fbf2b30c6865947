/** Keeps account of an author's objects and of the calls that run in them. */
export class Tracker {
  /** Objects that factories have made, each with how often it was closed. */
  readonly #objects: { readonly what: string; closed: number }[] = [];
  readonly #running = new Map<symbol, string>();
  #wake: (() => void) | undefined;
  /** Calls so far: anything that moves is seen by it. */
  calls = 0;

  /** A factory has made an object. @returns What its close() must call. */
  opened(what: string): () => void {
    const object = { what, closed: 0 };
    this.#objects.push(object);
    return () => {
      object.closed++;
    };
  }

  /** Runs a call of the author's. */
  async call<T>(what: string, run: () => Promise<T> | T): Promise<T> {
    const end = this.#begin(what);
    try {
      return await run();
    } finally {
      end();
    }
  }

  /** Runs a stream of the author's: it counts from its first step until it has ended or was told to. */
  async *stream<T>(what: string, run: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const end = this.#begin(what);
    try {
      yield* run();
    } finally {
      end();
    }
  }

  /** Settles when no call runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** What runs, for reports. */
  running(): string[] {
    return [...this.#running.values()];
  }

  /** What was not closed exactly once. */
  notClosedOnce(): string[] {
    return this.#objects.flatMap(({ what, closed }) => (closed === 1 ? [] : [`${what} was closed ${closed} times`]));
  }

  /** How many objects there were. */
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
