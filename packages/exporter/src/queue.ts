/** Hands values from producers to one consumer; producers wait while it is full. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #values: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #consumer: (() => void) | undefined;
  #producers: (() => void)[] = [];

  /** @param limit - How many values wait at the most before producers do. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a value; resolves when there is room for another. */
  async push(value: T): Promise<void> {
    this.#values.push(value);
    this.#wakeConsumer();
    while (this.#values.length >= this.#limit && this.#end === undefined) {
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

  #wakeConsumer(): void {
    this.#consumer?.();
    this.#consumer = undefined;
  }

  #wakeProducers(): void {
    for (const wake of this.#producers.splice(0)) wake();
  }
}
