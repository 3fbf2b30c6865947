import type { ByteStream } from "@kloset/model";
import { drain } from "./drain.js";
import type { Failure } from "../calls/errors.js";

/**
 * Content that the host sends, as the author sees it. Counts what came and what
 * the author took of it, so that a file kept short can not pass for a whole one.
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
   * @param chunks - Must throw when the content breaks off, never just end.
   * @param what - Names the content in errors, as `"/etc/passwd"`.
   * @param expected - Bytes that were promised; undefined when nothing was.
   */
  constructor(chunks: AsyncIterable<Uint8Array>, what: string, expected?: number) {
    this.#source = chunks[Symbol.asyncIterator]();
    this.#what = what;
    this.#expected = expected;
  }

  /** Bytes that came so far. */
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
      // The rest is drained by finish(): the host must have sent all before it is answered.
      return: () => {
        open = false;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /**
   * Reads what the author left, so that the host has sent all of it when it is
   * answered; it would show "EOF" in place of the message otherwise.
   *
   * @throws what the source threw; an Error when the author did not take all.
   */
  async finish(): Promise<void> {
    try {
      while ((await this.#next()) !== undefined);
    } finally {
      // After a failure that is not the source's (too many bytes) the host still sends.
      if (!this.#ended) await drain(this.#source);
    }
    if (this.#delivered !== this.#received) {
      throw new Error(`the plugin read ${this.#delivered} of the ${this.#received} bytes of ${this.#what}`);
    }
  }

  /**
   * The next chunk that is not empty; undefined at the end. Repeats a failure.
   *
   * The chunk that completes the promised size is held back until nothing follows
   * it: an author may well keep the file then, and not ask for more.
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

  /** @throws Error when more bytes come than were promised, or fewer. */
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
      const came = `${more ? "more than " : ""}${more ? expected : this.#received}`;
      throw new Error(`${came} bytes came for ${this.#what}, which has ${expected}: its source failed`);
    }
  }
}

/** Content that has to be taken whole. */
export interface Consumable extends ByteStream {
  /** Reads what was left of it. @throws what broke it; an Error when the author did not take all. */
  finish(): Promise<void> | undefined;
}

/**
 * Lets the author use an upload, then drains it, and fails if either failed.
 * The author's error goes first: it is the cause the user can do something about.
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
