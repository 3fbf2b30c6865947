import { abortError } from "./errors.js";

/**
 * Iterates a source, and stops when the signal is aborted, even while the source
 * is waiting: then it is told (`return`) and left alone, and the iteration throws.
 *
 * A source that never yields could otherwise keep a call, and all that it holds,
 * for ever.
 */
export async function* iterateUntilAbort<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let rejectPending: ((reason: Error) => void) | undefined;
  const onAbort = (): void => {
    rejectPending?.(abortError(signal));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  let finished = false;
  try {
    for (;;) {
      if (signal.aborted) throw abortError(signal);
      // One listener for the whole iteration: racing every step against a promise
      // of the signal would pile up reactions on it.
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        rejectPending = reject;
        next(iterator).then(resolve, (error: unknown) => {
          finished = true;
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the source threw
          reject(error);
        });
      });
      if (result.done === true) {
        finished = true;
        return;
      }
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!finished) closeQuietly(iterator);
  }
}

/** One step of either kind of iterator; a throw becomes a rejection. */
async function next<T>(iterator: AsyncIterator<T> | Iterator<T>): Promise<IteratorResult<T>> {
  return iterator.next();
}

/** Tells an iterator that nobody wants more. It may hang or throw: that is its own affair. */
function closeQuietly(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  } catch {
    // Nobody waits for it.
  }
}
