import { isUint8Array } from "node:util/types";
import { closeQuietly, describeContent, discard, isIterable, stepsOf, type Steps } from "@kloset/adapter";
import { checkDeadline, startDeadline } from "@kloset/wire/async";
import type { Awaitable, ByteSource } from "@kloset/model";

/**
 * Limits how long a source may stay silent, so that a remote service that stalls fails one entry instead of hanging the
 * backup. Only the time in which a chunk is awaited counts, from the opening on: a slow host does not trigger the limit.
 *
 * @example
 * read: ({ signal }) => withIdleTimeout(openRemote(path, signal), 60_000)
 * @param source - The content, or a promise of it.
 * @param ms - Longest wait for the opening and for each chunk, in milliseconds. `Infinity`, or anything over 24 days,
 *   disables the limit.
 * @returns The same bytes, to be returned from `read`. The iteration throws when the limit has passed, and closes the
 *   source.
 * @throws RangeError if `ms` is not a number of at least 0.
 */
export function withIdleTimeout(source: Awaitable<ByteSource>, ms: number): AsyncIterable<Uint8Array> {
  checkDeadline("withIdleTimeout(): ms", ms);
  const opened = Promise.resolve(source);
  // If it fails before the iteration begins, the iteration reports it.
  opened.catch(() => undefined);
  let taken = false;
  return {
    [Symbol.asyncIterator]: () => {
      if (taken) throw new Error("withIdleTimeout(): the content can be read only once");
      taken = true;
      return new IdleLimited(opened, ms);
    },
  };
}

class IdleLimited implements AsyncIterator<Uint8Array, undefined> {
  readonly #opened: Promise<ByteSource>;
  readonly #ms: number;
  #steps: Steps<Uint8Array> | undefined;
  #hasEnded = false;
  /** Ends the pending step of a consumer that wants no more. */
  #endPending: (() => void) | undefined;

  constructor(opened: Promise<ByteSource>, ms: number) {
    this.#opened = opened;
    this.#ms = ms;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#hasEnded) return { done: true, value: undefined };
    let timer: NodeJS.Timeout | undefined;
    try {
      const result = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        this.#endPending = () => {
          resolve(undefined);
        };
        timer = startDeadline(() => {
          reject(new Error(`the source sent nothing for ${this.#ms / 1000} s, the limit of withIdleTimeout()`));
        }, this.#ms);
        this.#step().then(resolve, reject);
      });
      if (result !== undefined && result.done !== true) return result;
      this.#hasEnded = true;
      return { done: true, value: undefined };
    } catch (error) {
      this.#close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#endPending = undefined;
    }
  }

  /** Closes the source at once, even during a step that never ends. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close();
    this.#endPending?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #step(): Promise<IteratorResult<Uint8Array>> {
    this.#steps ??= this.#start(await this.#opened);
    return this.#steps.next();
  }

  #start(source: unknown): Steps<Uint8Array> {
    // Too late: #close() discards the source.
    if (this.#hasEnded) return stepsOf<Uint8Array>([]);
    if (isUint8Array(source)) return stepsOf([source]);
    if (isIterable(source)) return stepsOf(source as AsyncIterable<Uint8Array> | Iterable<Uint8Array>);
    throw new TypeError(`withIdleTimeout(): expected bytes, or an iterable of bytes, got ${describeContent(source)}`);
  }

  #close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#steps !== undefined) closeQuietly(this.#steps);
    else this.#opened.then(discard, () => undefined);
  }
}
