import { setImmediate as nextTurn } from "node:timers/promises";
import { newAbortController } from "@kloset/wire/async";
import type { Awaitable } from "@kloset/model";
import { abortError } from "../calls/errors.js";
import { closeQuietly, stepsOf, syncStepsOf, type Steps } from "../content/sources.js";

/**
 * Values after which a turn is left to everything else. A source that waits for
 * nothing never leaves one by itself, and if all it yields is thrown away (empty
 * chunks, repeated entries) nobody else does: the plugin would hear neither the
 * host's cancellation nor its PINGs any more.
 */
const VALUES_PER_TURN = 256;

/**
 * Iterates a source, and stops when the signal is aborted: the source is told
 * (`return`) at once, even if nobody asks for the next value any more, and left
 * alone if it waits; the iteration throws.
 *
 * A source that never yields could otherwise keep a call, and all that it holds,
 * for ever.
 */
export async function* iterateUntilAbort<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const steps = new AbortableSteps(source, signal);
  try {
    for (let values = 1; ; values++) {
      if (values % VALUES_PER_TURN === 0) await nextTurn();
      const result = await steps.next();
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    steps.release();
  }
}

/** The steps of a source, which end with its signal. */
class AbortableSteps<T> {
  readonly #steps: Steps<T>;
  readonly #signal: AbortSignal;
  #hasEnded = false;
  #rejectPending: ((reason: Error) => void) | undefined;
  readonly #onAbort = (): void => {
    if (this.#rejectPending === undefined) this.#close();
    else this.#rejectPending(abortError(this.#signal));
  };

  constructor(source: AsyncIterable<T> | Iterable<T>, signal: AbortSignal) {
    this.#steps = stepsOf(source);
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** @throws what the source throws; the signal's reason. */
  async next(): Promise<IteratorResult<T>> {
    throwIfAborted(this.#signal);
    // One listener for the whole iteration: racing every step against a promise
    // of the signal would pile up reactions on it.
    const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
      this.#rejectPending = reject;
      this.#steps.next().then(resolve, (error: unknown) => {
        this.#hasEnded = true;
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the source threw
        reject(error);
      });
    });
    this.#rejectPending = undefined;
    if (result.done === true) this.#hasEnded = true;
    // The signal may have been aborted since the value came: the listener took the step for pending.
    else throwIfAborted(this.#signal);
    return result;
  }

  /** Closes a source that has not ended. */
  release(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#close();
  }

  #close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    closeQuietly(this.#steps);
  }
}

/**
 * Hands each value of a source to a function, and stops when the signal is
 * aborted, as {@link iterateUntilAbort} does. A source that waits for nothing is
 * asked without a promise for each value: of a million entries that is most of
 * the work.
 *
 * @param each - Answers undefined when the next value may follow at once; else it is waited for.
 * @throws what the source or `each` throws; the signal's reason.
 */
export async function eachUntilAbort<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
  each: (value: T) => Promise<void> | undefined,
): Promise<void> {
  const steps = syncStepsOf(source);
  if (steps === undefined) {
    await eachAsync(source, signal, each);
    return;
  }
  let ended = false;
  const close = (): void => {
    if (ended) return;
    ended = true;
    closeQuietly(steps);
  };
  const next = (): IteratorResult<T | PromiseLike<T>> => {
    // A source that throws has ended.
    ended = true;
    const result = steps.next();
    ended = result.done === true;
    return result;
  };
  // The source is closed at once, even if the wait below never settles.
  signal.addEventListener("abort", close, { once: true });
  try {
    for (let values = 1; ; values++) {
      if (values % VALUES_PER_TURN === 0) await nextTurn();
      throwIfAborted(signal);
      const result = next();
      if (result.done === true) return;
      const wait = each(isThenable(result.value) ? await untilAborted(result.value, signal) : result.value);
      if (wait !== undefined) await wait;
    }
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function eachAsync<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
  each: (value: T) => Promise<void> | undefined,
): Promise<void> {
  const steps = new AbortableSteps(source, signal);
  try {
    for (let values = 1; ; values++) {
      if (values % VALUES_PER_TURN === 0) await nextTurn();
      const result = await steps.next();
      if (result.done === true) return;
      const wait = each(result.value);
      if (wait !== undefined) await wait;
    }
  } finally {
    steps.release();
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Waits for a value, but not longer than until the signal is aborted.
 *
 * @param late - Given a value that comes after that: it may hold what must be closed.
 * @throws what the promise rejects with; the signal's reason.
 */
export async function untilAborted<T>(
  value: Awaitable<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => undefined,
): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      let given = false;
      onAbort = () => {
        given = true;
        reject(abortError(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      Promise.resolve(value).then((it) => {
        if (given) late(it);
        else resolve(it);
      }, reject);
      if (signal.aborted) onAbort();
    });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Runs something of the author's with a signal of its own, which is aborted when
 * the host's is, or when it fails, but not when it has ended well: the host's
 * signal is aborted after every call, and what the author has opened with it may
 * still be in use.
 */
export async function withOwnSignal<T>(signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T> {
  const { own, abort, release } = ownSignal(signal);
  let ended = false;
  try {
    const result = await run(own);
    ended = true;
    return result;
  } finally {
    release();
    if (!ended) abort();
  }
}

/** Like {@link withOwnSignal}, for one call of the author's: that it fails is its own affair. */
export async function callWithOwnSignal<T>(signal: AbortSignal, call: (own: AbortSignal) => Awaitable<T>): Promise<T> {
  const { own, release } = ownSignal(signal);
  try {
    return await call(own);
  } finally {
    release();
  }
}

/** A signal that follows another until it is released. */
export interface OwnSignal {
  readonly own: AbortSignal;
  /** @param reason - Default: that of the other signal, or that nobody wants the rest. */
  readonly abort: (reason?: Error) => void;
  readonly release: () => void;
}

/** Makes a signal that follows another. */
export function ownSignal(signal: AbortSignal): OwnSignal {
  const controller = newAbortController();
  const abort = (reason = abortError(signal)): void => {
    controller.abort(reason);
  };
  const follow = (): void => {
    abort();
  };
  signal.addEventListener("abort", follow, { once: true });
  if (signal.aborted) abort();
  return {
    own: controller.signal,
    abort,
    release: () => {
      signal.removeEventListener("abort", follow);
    },
  };
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}
