import { setImmediate as nextTurn } from "node:timers/promises";
import { newAbortController } from "@kloset/wire/async";
import type { Awaitable } from "@kloset/model";
import { abortError } from "../calls/errors.js";
import { closeQuietly, stepsOf, syncStepsOf, type Steps } from "../content/sources.js";

/**
 * The iteration yields to the event loop after this many values. A source that never
 * waits does not yield by itself, and if all its values are dropped (empty chunks,
 * repeated entries) no consumer waits either: the plugin would no longer notice the
 * host's cancellation or PINGs.
 */
const VALUES_PER_TURN = 256;

/**
 * Iterates a source until the signal is aborted. The abort calls the source's `return`
 * immediately, even if the consumer no longer asks for values, and makes the iteration
 * throw without waiting for a pending step.
 *
 * Otherwise, a source that never yields could keep a call and its resources forever.
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

/** The steps of a source, which end when the signal is aborted. */
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
    // of the signal would accumulate reactions on that promise.
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
    // The signal may have been aborted after the value arrived, while the listener still saw a pending step.
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
 * Passes each value of a source to a function until the signal is aborted, as
 * {@link iterateUntilAbort} does. A synchronous source is iterated without a promise
 * per value: for a million entries the promises would be most of the work.
 *
 * @param each - Returns undefined when the next value may follow immediately; otherwise its promise is awaited.
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
  // Closes the source immediately, even if the wait below never settles.
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

/** Returns true for a promise, or anything else that `await` waits for. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Waits for a value until the signal is aborted.
 *
 * @param late - Receives a value that arrives after the abort, which may need to be closed.
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

const RESOLVED = Promise.resolve();

/** Tasks of `runAfterReactions`, oldest first. The next tick runs the first `due` of them. */
const tasks: (() => void)[] = [];
let due = 0;
let hasTick = false;

/**
 * Runs a task once all pending reactions of promises have run, and all reactions that follow from them.
 *
 * @param task - Must not throw.
 */
export function runAfterReactions(task: () => void): void {
  tasks.push(task);
  // A tick that is queued by a reaction runs after the last reaction; queued elsewhere, it would run before the first.
  void RESOLVED.then(queueTick);
}

function queueTick(): void {
  due++;
  if (hasTick) return;
  hasTick = true;
  process.nextTick(runDue);
}

function runDue(): void {
  const ready = tasks.splice(0, due);
  due = 0;
  hasTick = false;
  for (const task of ready) task();
}

/**
 * Runs an author's function with a signal of its own, which is aborted when the host's
 * signal is, or when the function fails, but not after it has succeeded: the host's
 * signal is aborted after every call, while resources that the author opened with the
 * signal may still be in use.
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

/** A signal that is aborted with another one, until it is released. */
export interface OwnSignal {
  readonly own: AbortSignal;
  /** @param reason - Default: the other signal's, or an error that says the host does not want the rest. */
  readonly abort: (reason?: Error) => void;
  readonly release: () => void;
}

/** Creates a signal that is aborted with another one. */
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
