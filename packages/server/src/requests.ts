import type { Inbox } from "@kloset/grpc";

/**
 * The requests of one call, as its implementation iterates them. Ends cleanly only
 * when the host has half-closed the stream; whatever else ends it is thrown.
 */
export class Requests implements AsyncIterableIterator<unknown>, Inbox<unknown> {
  readonly #onTaken: (cost: number) => void;
  #messages: unknown[] = [];
  #costs: number[] = [];
  /** Where the next message is: taking from the front of a long array is slow. */
  #next = 0;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  /** Of the only one who waits without taking. */
  #watching: { readonly resolve: (isThere: boolean) => void; readonly reject: (error: unknown) => void } | undefined;
  #waiting: { readonly resolve: (result: IteratorResult<unknown>) => void; readonly reject: (error: unknown) => void }[] = [];

  /** @param onTaken - Told the cost of each message that was taken. */
  constructor(onTaken: (cost: number) => void) {
    this.#onTaken = onTaken;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  take(): unknown {
    return this.#next < this.#messages.length ? this.#take() : undefined;
  }

  more(): Promise<boolean> {
    if (this.#next < this.#messages.length) return Promise.resolve(true);
    if (this.#failure !== undefined) return rejected(this.#failure.error);
    if (this.#isEnded) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#watching = { resolve, reject };
    });
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#next < this.#messages.length) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#failure !== undefined) return rejected(this.#failure.error);
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Nobody reads on; what comes still waits, and holds the host back. */
  return(): Promise<IteratorResult<unknown>> {
    this.#isEnded = true;
    this.#settle();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** A message has come. */
  push(message: unknown, cost: number): void {
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

  /** The host has half-closed the stream. */
  end(): void {
    this.#isEnded = true;
    this.#settle();
  }

  /** Throws, behind the messages that wait. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#settle();
  }

  /** Throws at once: what waits is not wanted any more. */
  abort(error: unknown): void {
    this.#messages = [];
    this.#costs = [];
    this.#next = 0;
    this.#failure = { error };
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

  #settle(): void {
    const watching = this.#watching;
    this.#watching = undefined;
    if (this.#failure !== undefined) watching?.reject(this.#failure.error);
    else watching?.resolve(false);
    if (this.#waiting.length === 0) return;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (this.#failure !== undefined) reject(this.#failure.error);
      else resolve({ done: true, value: undefined });
    }
  }
}

function rejected(error: unknown): Promise<never> {
  // What an implementation threw or a signal's reason: anything.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return Promise.reject(error);
}
