import { Condition, type Failure } from "@kloset/adapter";

/** Hands values from producers to one consumer; producers wait while it is full. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #values: T[] = [];
  #end: Partial<Failure> | undefined;
  /** The consumer waits for this. */
  readonly #filled = new Condition();
  /** Producers wait for this. */
  readonly #emptied = new Condition();

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
    this.#filled.notifyAll();
    while (this.#isFull()) await this.#emptied.changed();
  }

  /** No value comes any more: the consumer gets what is left, then the end, or the error. */
  end(failure?: Failure): void {
    this.#end ??= failure ?? {};
    this.#filled.notifyAll();
    this.#emptied.notifyAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) {
        const [value] = this.#values.splice(0, 1) as [T];
        this.#emptied.notifyAll();
        yield value;
      }
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await this.#filled.changed();
    }
  }

  #isFull(): boolean {
    return this.#values.length >= this.#limit && !this.ended;
  }
}
