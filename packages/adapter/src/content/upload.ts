import type { ByteStream } from "@kloset/model";
import { drain } from "./drain.js";
import type { Failure } from "../calls/errors.js";

/**
 * The author's view of content that the host sends. Counts the received bytes and those
 * that the author read, so that a truncated file cannot pass for a complete one.
 */
export class Upload implements Consumable {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #expected: number | undefined;
  readonly #what: string;
  #received = 0;
  #delivered = 0;
  #taken = false;
  #ended = false;
  #failure: Failure | undefined;

  /**
   * @param chunks - Must throw, not end, when the content is incomplete.
   * @param what - Names the content in errors, such as `"/etc/passwd"`.
   * @param expected - Announced size in bytes; undefined if unknown.
   */
  constructor(chunks: AsyncIterable<Uint8Array>, what: string, expected?: number) {
    this.#source = chunks[Symbol.asyncIterator]();
    this.#what = what;
    this.#expected = expected;
  }

  /** Number of bytes received so far. */
  get received(): number {
    return this.#received;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    if (this.#taken) throw new Error(`the content of ${this.#what} can be read only once`);
    this.#taken = true;
    let open = true;
    return {
      next: async () => {
        const chunk = open ? await this.#next() : undefined;
        if (chunk === undefined) return { done: true, value: undefined };
        this.#delivered += chunk.length;
        return { done: false, value: chunk };
      },
      // finish() drains the rest: the host must have sent everything before it is answered.
      return: () => {
        open = false;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /**
   * Reads what the author left over, so that the host has sent everything when it is
   * answered; otherwise it would show "EOF" instead of the message.
   *
   * @throws what the source threw; an Error when the author did not read everything.
   */
  async finish(): Promise<void> {
    try {
      while ((await this.#next()) !== undefined);
    } finally {
      // After a failure that is not the source's (too many bytes), the host is still sending.
      if (!this.#ended) await drain(this.#source);
    }
    if (this.#delivered !== this.#received) {
      throw new Error(`the plugin read ${this.#delivered} of the ${this.#received} bytes of ${this.#what}`);
    }
  }

  /**
   * Returns the next non-empty chunk; undefined at the end. Repeats a failure.
   *
   * The chunk that completes the announced size is held back until the content has ended:
   * an author may store the file then, without asking for more.
   */
  async #next(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      const chunk = await this.#pull();
      if (chunk !== undefined && this.#received === this.#expected) await this.#pull();
      return chunk;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** @throws Error when the number of bytes differs from the announced size. */
  async #pull(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const result = await this.#source.next();
      if (result.done === true) {
        this.#ended = true;
        this.#checkSize(false);
        break;
      }
      this.#received += result.value.length;
      this.#checkSize(true);
      if (result.value.length > 0) return result.value;
    }
    return undefined;
  }

  #checkSize(more: boolean): void {
    const expected = this.#expected;
    if (expected === undefined) return;
    if (this.#received > expected || (!more && this.#received < expected)) {
      const received = more ? `more than the ${expected}` : `${this.#received} of the ${expected}`;
      throw new Error(`received ${received} bytes of ${this.#what}: its source failed`);
    }
  }
}

/** Content that must be read completely. */
export interface Consumable extends ByteStream {
  /** Reads the rest. @throws the source's error; an Error when the author did not read everything. */
  finish(): Promise<void> | undefined;
}

/**
 * Passes an upload to the author, then drains it, and throws if either failed. The
 * author's error takes precedence: it is the cause that the user can act on.
 */
export async function consume<T>(upload: Consumable, use: (data: ByteStream) => T | PromiseLike<T>): Promise<T> {
  let outcome: { readonly value: T } | undefined;
  let failure: Failure | undefined;
  try {
    outcome = { value: await use(upload) };
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
