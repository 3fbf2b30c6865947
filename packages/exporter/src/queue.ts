/** Hands values from producers to one consumer; producers wait while it is full. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #values: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #consumer: (() => void) | undefined;
  readonly #producers: (() => void)[] = [];

  /** @param limit - How many values wait at the most before producers do. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True when no value comes any more, though some may be left. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Adds a value; resolves when there is room for another. After the end nobody
   * reads: the value is dropped, so that nothing piles up.
   */
  async push(value: T): Promise<void> {
    if (this.ended) return;
    this.#values.push(value);
    this.#wakeConsumer();
    while (this.#isFull()) {
      await new Promise<void>((resolve) => this.#producers.push(resolve));
    }
  }

  /** No value comes any more: the consumer gets what is left, then the end, or the error. */
  end(failure?: { readonly error: unknown }): void {
    this.#end ??= failure ?? {};
    this.#wakeConsumer();
    this.#wakeProducers();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) {
        const [value] = this.#values.splice(0, 1) as [T];
        this.#wakeProducers();
        yield value;
      }
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#consumer = resolve;
      });
    }
  }

  #isFull(): boolean {
    return this.#values.length >= this.#limit && !this.ended;
  }

  #wakeConsumer(): void {
    this.#consumer?.();
    this.#consumer = undefined;
  }

  #wakeProducers(): void {
    for (const wake of this.#producers.splice(0)) wake();
  }
}
