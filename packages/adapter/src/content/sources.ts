import type { Awaitable } from "@kloset/model";
import { describe, describeContent } from "../values/describe.js";

/** Either kind of iterator, asked one way: every step is awaited. */
export interface Steps<T> {
  next(): Promise<IteratorResult<T>>;
  /** Tells the source that nobody wants more. May hang or throw: that is its own affair. */
  close(): Awaitable<unknown>;
}

/** True for what `for await` takes. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Begins the iteration of a source. */
export function stepsOf<T>(source: AsyncIterable<T> | Iterable<T>): Steps<T> {
  if (isWebStream(source)) return webSteps(source as unknown as ReadableStream<T>);
  const steps = Symbol.asyncIterator in source ? asyncSteps(source) : syncSteps(source);
  return isNodeStream(source)
    ? {
        next: () => steps.next(),
        close: () => {
          destroy(source);
        },
      }
    : steps;
}

/** Steps of a source that waits for nothing. */
export interface SyncSteps<T> {
  /** A value may still be a promise: who yields one wants it awaited. */
  next(): IteratorResult<T | PromiseLike<T>>;
  close(): Awaitable<unknown>;
}

/** Begins the iteration of a source that is only synchronous; undefined for any other. */
export function syncStepsOf<T>(source: AsyncIterable<T> | Iterable<T>): SyncSteps<T> | undefined {
  if (isWebStream(source) || isNodeStream(source) || Symbol.asyncIterator in source) return undefined;
  const iterator = source[Symbol.iterator]();
  assertIterator(iterator);
  return { next: () => checkResult<T>(iterator.next()), close: () => iterator.return?.() };
}

/**
 * Lets go of a source that nobody iterates: what it has opened must be closed.
 * Never throws, because nobody would catch it: a web stream that somebody else
 * reads can not be closed, nor can an iterable that makes no iterator.
 */
export function discard(source: unknown): void {
  try {
    if (isNodeStream(source)) destroy(source);
    else if (isIterable(source)) closeQuietly(stepsOf(source));
  } catch {
    // Nobody waits for it.
  }
}

/** Tells a source that nobody wants more, and does not wait for it. */
export function closeQuietly(steps: Pick<Steps<unknown>, "close">): void {
  try {
    Promise.resolve(steps.close()).catch(noop);
  } catch {
    // Nobody waits for it.
  }
}

function asyncSteps<T>(source: AsyncIterable<T>): Steps<T> {
  const iterator = source[Symbol.asyncIterator]();
  assertIterator(iterator);
  return { next: async () => checkResult<T>(await iterator.next()), close: () => iterator.return?.() };
}

/** As `for await` does, takes promises for values: one that rejects must not go unhandled. */
function syncSteps<T>(source: Iterable<T>): Steps<T> {
  const iterator = source[Symbol.iterator]();
  assertIterator(iterator);
  const steps = {
    next: async (): Promise<IteratorResult<T>> => {
      const result = checkResult<T>(iterator.next());
      if (result.done === true) return result;
      try {
        return { done: false, value: await result.value };
      } catch (error) {
        closeQuietly(steps);
        throw error;
      }
    },
    close: () => iterator.return?.(),
  };
  return steps;
}

/** What an iterator of the author's own makes may be anything. */
function assertIterator(iterator: unknown): void {
  if (
    typeof iterator !== "object" ||
    iterator === null ||
    !("next" in iterator) ||
    typeof iterator.next !== "function"
  ) {
    throw new TypeError(`the iterable returned ${describeContent(iterator)}: an iterator, which has next(), is needed`);
  }
}

/**
 * JavaScript takes whatever is true for the end: a promise in `done`, say, would
 * make a whole file of its beginning.
 */
function checkResult<T>(result: unknown): IteratorResult<T> {
  if (typeof result !== "object" || result === null) {
    throw new TypeError(
      `the iterator's next() returned ${describeContent(result)}: an object with done and value is needed`,
    );
  }
  const done: unknown = "done" in result ? result.done : undefined;
  if (done !== undefined && typeof done !== "boolean") {
    throw new TypeError(`the iterator's next() returned ${describe(done)} as done: true or false is needed`);
  }
  return result as IteratorResult<T>;
}

/** A web stream's own iterator does not cancel it while a read is pending. */
function webSteps<T>(stream: ReadableStream<T>): Steps<T> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    close: () => reader.cancel(),
  };
}

function isWebStream(source: object): boolean {
  return "getReader" in source && typeof source.getReader === "function" && "locked" in source;
}

interface NodeStream {
  destroy(): unknown;
  on(event: "error", listener: () => void): unknown;
}

function isNodeStream(source: unknown): source is NodeStream {
  return (
    typeof source === "object" &&
    source !== null &&
    "pipe" in source &&
    "destroy" in source &&
    typeof source.destroy === "function" &&
    "on" in source &&
    typeof source.on === "function"
  );
}

/** A stream's own iterator does not destroy it while a read is pending, nor before the first. */
function destroy(stream: NodeStream): void {
  // Failing to open, it would end the process: nobody else listens any more.
  stream.on("error", noop);
  stream.destroy();
}

function noop(): void {
  // What a source says that nobody wants any more is of no interest.
}
