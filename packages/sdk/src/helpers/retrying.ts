import { discard } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";

/** Options of {@link retrying}. */
export interface RetryingOptions {
  /** Largest number of calls, including the first. Default: 5. */
  readonly attempts?: number | undefined;
  /** Ends the wait between two attempts, and prevents further ones. Pass the signal of the call that you serve. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Decides about each failed attempt but the last: true retries, false throws the error. Not called for programming
   * errors. Default: retries every other error.
   *
   * @param attempt - Number of the failed attempt, from 1.
   */
  readonly on?: ((error: Error, attempt: number) => Awaitable<boolean>) | undefined;
  /** Wait after the first failure, in milliseconds; it doubles each time, up to 30 s, plus up to as much at random. Default: 1000. */
  readonly delayMs?: number | undefined;
}

/** The longest wait between two attempts, in milliseconds. */
const MAX_DELAY_MS = 30_000;

/**
 * Calls a function until it succeeds, with growing pauses, for requests to remote services. A TypeError is thrown at
 * once, because it is a mistake in the program; the one with which `fetch` reports a network failure is retried.
 *
 * Retry only what can be repeated: a request that opens content, for example, but not the reading of a stream that has
 * already delivered bytes.
 *
 * @example
 * read: ({ signal }) => retrying(() => download(url, signal), { signal, on: (error) => !error.message.includes("404") })
 * @param fn - Receives the number of the attempt, from 1.
 * @returns The result of the first successful call. A stream that is returned after the abort is closed.
 * @throws The error of the last attempt; the signal's reason; RangeError for invalid `attempts` or `delayMs`.
 */
export async function retrying<T>(
  fn: (attempt: number) => Awaitable<T>,
  { attempts = 5, signal, on, delayMs = 1000 }: RetryingOptions = {},
): Promise<T> {
  if (!(attempts === Infinity || Number.isSafeInteger(attempts)) || attempts < 1) {
    throw new RangeError(`retrying(): expected an integer of at least 1 as attempts, got ${String(attempts)}`);
  }
  if (!Number.isFinite(delayMs) || delayMs < 0) {
    throw new RangeError(`retrying(): expected milliseconds, at least 0, as delayMs, got ${String(delayMs)}`);
  }
  // Loaded on demand: most plugins start without it.
  const { default: pRetry } = await import("p-retry");
  const call = async (attempt: number): Promise<T> => {
    const result = await fn(attempt);
    // The signal's reason is thrown in its place.
    if (signal?.aborted === true) discard(result);
    return result;
  };
  return pRetry(call, {
    retries: attempts - 1,
    minTimeout: delayMs,
    maxTimeout: MAX_DELAY_MS,
    randomize: true,
    ...(signal !== undefined && { signal }),
    ...(on !== undefined && { shouldRetry: async ({ error, attemptNumber }) => on(error, attemptNumber) }),
  });
}
