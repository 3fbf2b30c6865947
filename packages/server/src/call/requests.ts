import type { Inbox } from "@kloset/wire/grpc";

/**
 * The requests of one call, as its implementation iterates them. The iteration ends
 * cleanly only when the host has half-closed the stream; any other end is thrown.
 */
export class Requests implements AsyncIterableIterator<unknown>, Inbox<unknown> {
  readonly #onTaken: (cost: number) => void;
  #messages: unknown[] = [];
  #costs: number[] = [];
  /** Index of the next message: shifting a long array is slow. */
  #next = 0;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  /** The error for an implementation that iterates again after it has stopped. */
  #left: { readonly error: Error } | undefined;
  /** Pending calls of `more()`, which wait without taking a message. */
  #watching: Watch | undefined;
  #waiting: {
    readonly resolve: (result: IteratorResult<unknown>) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];

  /** @param onTaken - Called with the cost of each message that was taken. */
  constructor(onTaken: (cost: number) => void) {
    this.#onTaken = onTaken;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  take(): unknown {
    return this.#hasNext ? this.#take() : undefined;
  }

  /** Throws the error that ended the requests, if one did. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  more(): Promise<boolean> {
    if (this.#hasNext) return Promise.resolve(true);
    const end = this.#end;
    if (end !== undefined) return rejected(end.error);
    if (this.#isEnded) return Promise.resolve(false);
    return (this.#watching ??= newWatch()).isThere;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#hasNext) return Promise.resolve({ done: false, value: this.#take() });
    const end = this.#end;
    if (end !== undefined) return rejected(end.error);
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /**
   * Stops the iteration. Further messages stay queued, and hold the host back. A second
   * iteration throws: it would mistake the messages received so far for all of them.
   */
  return(): Promise<IteratorResult<unknown>> {
    this.#left ??= { error: new Error("the requests were left before their end: they can be iterated once") };
    this.#settle();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Adds a message. After a failure it is dropped, since earlier messages are missing. */
  push(message: unknown, cost: number): void {
    if (this.#failure !== undefined) {
      this.#onTaken(cost);
      return;
    }
    if (this.#waiting.length > 0) {
      this.#onTaken(cost);
      this.#waiting.shift()?.resolve({ done: false, value: message });
      return;
    }
    this.#messages.push(message);
    this.#costs.push(cost);
    if (this.#watching === undefined) return;
    this.#watching.resolve(true);
    this.#watching = undefined;
  }

  /** Ends the requests: the host has half-closed the stream. */
  end(): void {
    this.#isEnded = true;
    this.#settle();
  }

  /** Fails the iteration after the messages that wait. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#settle();
  }

  /** Fails the iteration at once, and drops the messages that wait. */
  abort(error: unknown): void {
    this.#messages = [];
    this.#costs = [];
    this.#next = 0;
    this.#failure ??= { error };
    this.#settle();
  }

  #take(): unknown {
    const message = this.#messages[this.#next];
    const cost = this.#costs[this.#next] ?? 0;
    this.#messages[this.#next] = undefined;
    this.#next += 1;
    if (this.#next === this.#messages.length || this.#next >= 1024) {
      this.#messages.splice(0, this.#next);
      this.#costs.splice(0, this.#next);
      this.#next = 0;
    }
    this.#onTaken(cost);
    return message;
  }

  get #hasNext(): boolean {
    return this.#next < this.#messages.length && this.#left === undefined;
  }

  /** The error to throw once no message waits. */
  get #end(): { readonly error: unknown } | undefined {
    return this.#failure ?? this.#left;
  }

  #settle(): void {
    const watching = this.#watching;
    this.#watching = undefined;
    const end = this.#end;
    if (end !== undefined) watching?.reject(end.error);
    else watching?.resolve(false);
    if (this.#waiting.length === 0) return;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (end !== undefined) reject(end.error);
      else resolve({ done: true, value: undefined });
    }
  }
}

/** A pending wait for another message. */
interface Watch {
  readonly isThere: Promise<boolean>;
  readonly resolve: (isThere: boolean) => void;
  readonly reject: (error: unknown) => void;
}

function newWatch(): Watch {
  let settlers!: Pick<Watch, "resolve" | "reject">;
  // The executor runs at once.
  const isThere = new Promise<boolean>((resolve, reject) => (settlers = { resolve, reject }));
  return { isThere, ...settlers };
}

function rejected(error: unknown): Promise<never> {
  // An implementation or a signal may throw any value.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return Promise.reject(error);
}
