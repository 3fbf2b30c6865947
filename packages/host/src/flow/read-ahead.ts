/**
 * Reads up to `limit` items ahead of the reader, like the buffered channels of hosts, so that a scan continues while
 * records are processed. The source must have no other reader.
 *
 * @returns Items that several readers may share. Each item goes to one of them.
 */
export function readAhead<T>(source: AsyncIterable<T>, limit: number): SharedItems<T> {
  return new SharedItems(source[Symbol.asyncIterator](), limit);
}

/** A queue of items that are read ahead. See {@link readAhead}. */
export class SharedItems<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #limit: number;
  readonly #items: T[] = [];
  #over = false;
  #stopped = false;
  #failure: { readonly reason: unknown } | undefined;
  #wakers: (() => void)[] = [];
  /** Settles when the source is no longer read. */
  readonly done: Promise<void>;

  constructor(iterator: AsyncIterator<T>, limit: number) {
    this.#iterator = iterator;
    this.#limit = Math.max(1, limit);
    this.done = this.#fill();
  }

  /**
   * Takes the next item.
   *
   * @returns The item, or undefined at the end.
   * @throws The error of the source, once all items before it have been taken. Every reader receives it.
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

  /** Stops reading: discards buffered items and ends the source. */
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
    // The queue may have been stopped while the item was being read.
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
