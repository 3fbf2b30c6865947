/**
 * Reads up to `limit` items ahead of the reader, as the channels of hosts do: a
 * scan goes on while records are worked on. The source is read by nobody else.
 *
 * @returns An iterable that several readers may share: each item goes to one of them.
 */
export function readAhead<T>(source: AsyncIterable<T>, limit: number): SharedItems<T> {
  return new SharedItems(source[Symbol.asyncIterator](), limit);
}

/** See {@link readAhead}. */
export class SharedItems<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #limit: number;
  readonly #items: T[] = [];
  #over = false;
  #stopped = false;
  #failure: { readonly reason: unknown } | undefined;
  #wakers: (() => void)[] = [];
  /** Settles when nothing is read from the source any more. */
  readonly done: Promise<void>;

  constructor(iterator: AsyncIterator<T>, limit: number) {
    this.#iterator = iterator;
    this.#limit = Math.max(1, limit);
    this.done = this.#fill();
  }

  /**
   * @returns The next item, or undefined at the end.
   * @throws What the source threw, to every reader, after the items before it.
   */
  async next(): Promise<T | undefined> {
    for (;;) {
      if (this.#items.length > 0) {
        const item = this.#items.shift();
        this.#wake();
        return item;
      }
      if (this.#failure !== undefined) throw this.#failure.reason;
      if (this.#over) return undefined;
      await this.#sleep();
    }
  }

  /** Ends the reading: items that wait are dropped, and the source is told. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#items.length = 0;
    this.#wake();
    await this.#iterator.return?.();
    await this.done;
  }

  async #fill(): Promise<void> {
    try {
      for (;;) {
        while (this.#items.length >= this.#limit && !this.#stopped) await this.#sleep();
        if (this.#stopped) break;
        const result = await this.#iterator.next();
        if (result.done === true) break;
        this.#offer(result.value);
      }
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#over = true;
    this.#wake();
  }

  #offer(item: T): void {
    // It may have been stopped while the item was on its way.
    if (!this.#stopped) this.#items.push(item);
    this.#wake();
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakers.push(resolve);
    });
  }
}
