import { isUint8Array } from "node:util/types";
import type { Awaitable, ByteStream } from "@kloset/model";
import { releaseMemory } from "@kloset/wire/grpc";
import { isThenable, runAfterReactions } from "../async/iterate.js";
import type { Failure } from "../calls/errors.js";
import type { Arrivals } from "../calls/requests.js";
import { drain } from "./drain.js";

type Step = IteratorResult<Uint8Array, void>;

/**
 * The author's view of content that the host sends. Counts the received bytes and those
 * that the author read, so that a truncated file cannot pass for a complete one.
 *
 * A chunk has been read once the author asks for the next one, or stops with `return()`:
 * until then, the author may still fail to store it.
 */
export class Upload implements ByteStream, AsyncIterator<Uint8Array, void> {
  readonly #arrivals: Arrivals<Uint8Array>;
  readonly #what: string;
  readonly #reader: string;
  readonly #expected: number | undefined;
  #received = 0;
  #read = 0;
  /** Length of the chunk that the author has, but has not read yet. */
  #handedOut = 0;
  #hasIterator = false;
  /** The author was given the first chunk, or the end. */
  #hasBegun = false;
  /** The author stopped with `return()`. */
  #isLeft = false;
  #isEnded = false;
  /** Calls of `next()` that are pending, and the answer to the last of them. */
  #pending = 0;
  #answer: Promise<unknown> | undefined;
  #failure: Failure | undefined;
  /** Set when the author's function has settled: true if it has read everything. */
  #isComplete: boolean | undefined;

  /**
   * @param arrivals - Must throw, not end, when the content is incomplete.
   * @param what - Names the content in errors, such as `"/etc/passwd"`.
   * @param reader - The author's function that reads the content, such as `storeFile`.
   * @param expected - Announced size in bytes; undefined if unknown.
   */
  constructor(arrivals: Arrivals<Uint8Array>, what: string, reader: string, expected?: number) {
    this.#arrivals = arrivals;
    this.#what = what;
    this.#reader = reader;
    this.#expected = expected;
  }

  /** Number of bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /** Returns itself: an iterator for each of very many small files would cost memory and time. */
  [Symbol.asyncIterator](): this {
    if (this.#hasIterator) throw new Error(`the content of ${this.#what} can be read only once`);
    this.#hasIterator = true;
    return this;
  }

  next(): Promise<Step> {
    this.#countHandedOut();
    if (this.#isLeft || this.#isComplete === true) return Promise.resolve(end());
    const answer = this.#pending === 0 ? this.#answerNow() : this.#answerLater(this.#answer);
    if (this.#pending > 0) this.#answer = answer;
    return answer;
  }

  return(): Promise<Step> {
    this.#countHandedOut();
    // finish() drains the rest: the host must have sent everything before it is answered.
    this.#isLeft = true;
    return Promise.resolve(end());
  }

  release(chunk: Uint8Array): void {
    releaseMemory(chunk);
  }

  /**
   * Reads what the author left over, so that the host has sent everything when it is
   * answered; otherwise it would show "EOF" instead of the message. Call it at once when
   * the author's function has settled.
   *
   * @returns undefined if nothing was left over.
   * @throws what the source threw; an Error when the author did not read everything.
   */
  finish(): Promise<void> | undefined {
    this.#isComplete = false;
    const isWaiting = this.#pending > 0 && !this.#isLeft;
    const isEarly = this.#handedOut > 0 || (isWaiting && !this.#hasBegun);
    if (!this.#isEnded || this.#pending > 0 || this.#failure !== undefined) return this.#readRest(isEarly, isWaiting);
    this.#complete(isEarly, isWaiting);
    return undefined;
  }

  async #readRest(isEarly: boolean, isWaiting: boolean): Promise<void> {
    try {
      // One reader at a time. A failure is repeated below.
      while (this.#pending > 0) await this.#answer?.then(noop, noop);
      while ((await this.#wait()) !== undefined);
    } finally {
      // After a failure that is not the source's (too many bytes), the host is still sending.
      if (!this.#isEnded) await drain(this.#arrivals);
    }
    this.#complete(isEarly, isWaiting);
  }

  /** @throws Error when the author did not read everything. */
  #complete(isEarly: boolean, isWaiting: boolean): void {
    const isRead = this.#read === this.#received;
    if (isEarly || (isWaiting && !isRead)) {
      throw new Error(`${this.#reader}() returned before it had read its data: is an "await" or "return" missing?`);
    }
    if (!isRead) throw new Error(`the plugin read ${this.#read} of the ${this.#received} bytes of ${this.#what}`);
    this.#isComplete = true;
  }

  /** Answers the only pending call of `next()`. */
  #answerNow(): Promise<Step> {
    if (!this.#hasBegun) return this.#answerFirst();
    let polled: Polled | undefined;
    try {
      this.#assertRunning();
      polled = this.#poll();
      if (polled === undefined) return Promise.resolve(end());
      if (isUint8Array(polled) && !this.#isHeldBack()) return Promise.resolve(this.#handOut(polled));
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the source threw
      return Promise.reject(error);
    }
    return this.#answerLater(undefined, polled);
  }

  /**
   * Answers the first call of `next()`, once all pending reactions have run. If the author's function does not wait for
   * its reading, it has settled before it gets any bytes: a short file would be read, and seem to be stored, by then.
   */
  #answerFirst(): Promise<Step> {
    this.#pending++;
    return new Promise((resolve) => {
      runAfterReactions(() => {
        this.#pending--;
        this.#hasBegun = true;
        resolve(this.#isLeft ? end() : this.#answerNow());
      });
    });
  }

  /** Answers a call of `next()` when those before it have been answered, and a chunk or the end has arrived. */
  async #answerLater(previous: Promise<unknown> | undefined, polled?: Polled): Promise<Step> {
    this.#pending++;
    try {
      await previous?.then(noop, noop);
      const chunk = await this.#wait(polled);
      if (this.#isLeft) return end();
      if (chunk === undefined) {
        this.#countHandedOut();
        return end();
      }
      this.#assertRunning();
      return this.#handOut(chunk);
    } finally {
      this.#pending--;
    }
  }

  #handOut(value: Uint8Array): Step {
    this.#countHandedOut();
    this.#handedOut = value.length;
    return { done: false, value };
  }

  #countHandedOut(): void {
    this.#read += this.#handedOut;
    this.#handedOut = 0;
  }

  /** @throws Error after the author's function has settled: the host has its answer. */
  #assertRunning(): void {
    if (this.#isComplete === undefined) return;
    throw new Error(
      `the content of ${this.#what} was read after ${this.#reader}() had ended: is an "await" or "return" missing?`,
    );
  }

  /**
   * Returns true if the last chunk completes the announced size. It is held back until the
   * content has ended: an author may store the file then, without asking for more.
   */
  #isHeldBack(): boolean {
    return this.#received === this.#expected;
  }

  /** Waits for the next non-empty chunk; undefined at the end. */
  async #wait(polled = this.#poll()): Promise<Uint8Array | undefined> {
    const chunk = await this.#arrived(polled);
    if (chunk !== undefined && this.#isHeldBack()) await this.#arrived(this.#poll());
    return chunk;
  }

  async #arrived(polled: Polled): Promise<Uint8Array | undefined> {
    while (polled !== undefined && !isUint8Array(polled)) {
      try {
        if (!(await polled)) this.#end();
      } catch (error) {
        throw this.#failed(error);
      }
      polled = this.#poll();
    }
    return polled;
  }

  /** Takes what has arrived. Repeats a failure. @throws Error when more than the announced size has arrived. */
  #poll(): Polled {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      while (!this.#isEnded) {
        const chunk = this.#arrivals.take();
        if (chunk !== undefined) {
          this.#received += chunk.length;
          this.#checkSize(true);
          if (chunk.length > 0) return chunk;
          continue;
        }
        const more = this.#arrivals.more();
        if (more === false) this.#end();
        else if (more !== true) return more;
      }
      return undefined;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    this.#failure ??= { error };
    return this.#failure.error;
  }

  #end(): void {
    this.#isEnded = true;
    this.#checkSize(false);
  }

  /** @throws Error when the number of bytes differs from the announced size. */
  #checkSize(more: boolean): void {
    const expected = this.#expected;
    if (expected === undefined) return;
    if (this.#received > expected || (!more && this.#received < expected)) {
      const received = more ? `more than the ${expected}` : `${this.#received} of the ${expected}`;
      throw new Error(`received ${received} bytes of ${this.#what}: its source failed`);
    }
  }
}

/** A non-empty chunk; undefined at the end; or a promise to wait for, as of `Arrivals.more`. */
type Polled = Uint8Array | undefined | PromiseLike<boolean>;

/**
 * Passes an upload to the author, then drains it, and throws if either failed. The
 * author's error takes precedence: it is the cause that the user can act on.
 */
export async function consume<T>(upload: Upload, use: (data: ByteStream) => Awaitable<T>): Promise<T> {
  let outcome: { readonly value: T } | undefined;
  let failure: Failure | undefined;
  try {
    const used = use(upload);
    // A function that returns no promise has settled: nothing more may be read meanwhile.
    outcome = { value: isThenable(used) ? await used : used };
  } catch (error) {
    failure = { error };
  }
  try {
    const finished = upload.finish();
    if (finished !== undefined) await finished;
  } catch (error) {
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
  if (outcome === undefined) throw new Error("unreachable: neither outcome nor failure");
  return outcome.value;
}

function end(): Step {
  return { done: true, value: undefined };
}

function noop(): void {
  // Intentionally empty.
}
