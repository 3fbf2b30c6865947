import { InvalidValue } from "@kloset/wire/grpc";
import { iterableSource, type Awaitable, type ByteSource } from "@kloset/model";
import { describe, describeContent } from "../values/describe.js";

/** A common interface to synchronous and asynchronous iterators, whose steps are all awaited. */
export interface Steps<T> {
  next(): Promise<IteratorResult<T>>;
  /** Calls the source's `return` or its equivalent. May hang or throw. */
  close(): Awaitable<unknown>;
}

/** Returns true for values that `for await` accepts. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Starts the iteration of a source. */
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

/** The steps of a synchronous source. */
export interface SyncSteps<T> {
  /** The value may be a promise, which the caller must await. */
  next(): IteratorResult<T | PromiseLike<T>>;
  close(): Awaitable<unknown>;
}

/** Starts the iteration of a purely synchronous source; returns undefined for any other. */
export function syncStepsOf<T>(source: AsyncIterable<T> | Iterable<T>): SyncSteps<T> | undefined {
  if (isWebStream(source) || isNodeStream(source) || Symbol.asyncIterator in source) return undefined;
  const iterator = source[Symbol.iterator]();
  assertIterator(iterator);
  return { next: () => checkResult<T>(iterator.next()), close: () => iterator.return?.() };
}

/**
 * Closes a source that will not be iterated, to release its resources. Never throws, even
 * if the source cannot be closed, such as a locked web stream or an iterable that returns
 * no iterator: no caller would catch the error.
 */
export function discard(opened: unknown): void {
  try {
    const source: unknown = iterableSource(opened as ByteSource, "this call");
    if (isNodeStream(source)) destroy(source);
    else if (isIterable(source)) closeQuietly(stepsOf(source));
  } catch {
    // Intentionally empty.
  }
}

/** Closes a source without waiting for it, and ignores its errors. */
export function closeQuietly(steps: Pick<Steps<unknown>, "close">): void {
  try {
    Promise.resolve(steps.close()).catch(noop);
  } catch {
    // Intentionally empty.
  }
}

function asyncSteps<T>(source: AsyncIterable<T>): Steps<T> {
  const iterator = source[Symbol.asyncIterator]();
  assertIterator(iterator);
  return { next: async () => checkResult<T>(await iterator.next()), close: () => iterator.return?.() };
}

/** Awaits values that are promises, as `for await` does, so that no rejection goes unhandled. */
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

/** Checks the iterator of an author's iterable, which may be any value. */
function assertIterator(iterator: unknown): void {
  if (
    typeof iterator !== "object" ||
    iterator === null ||
    !("next" in iterator) ||
    typeof iterator.next !== "function"
  ) {
    throw new InvalidValue(
      `the iterable returned ${describeContent(iterator)}: an iterator, which has next(), is needed`,
    );
  }
}

/**
 * Checks that `done` is a boolean. JavaScript treats any truthy value as the end: with a
 * promise in `done`, for example, a truncated file would pass for a complete one.
 */
function checkResult<T>(result: unknown): IteratorResult<T> {
  if (typeof result !== "object" || result === null) {
    throw new InvalidValue(
      `the iterator's next() returned ${describeContent(result)}: an object with done and value is needed`,
    );
  }
  const done: unknown = "done" in result ? result.done : undefined;
  if (done !== undefined && typeof done !== "boolean") {
    throw new InvalidValue(`the iterator's next() returned ${describe(done)} as done: true or false is needed`);
  }
  return result as IteratorResult<T>;
}

/** Uses a reader: a web stream's own iterator cannot cancel the stream while a read is pending. */
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

/** Destroys a stream, which its own iterator does neither during a pending read nor before the first one. */
function destroy(stream: NodeStream): void {
  // Without a listener, a failure to open would end the process.
  stream.on("error", noop);
  stream.destroy();
}

function noop(): void {
  // Intentionally empty.
}
