import { InvalidValue } from "@kloset/wire/grpc";
import { isUint8Array } from "node:util/types";
import type { Awaitable, ByteSource, CallContext } from "@kloset/model";
import { describeContent } from "../values/describe.js";
import { eachUntilAbort, iterateUntilAbort, untilAborted } from "../async/iterate.js";
import { MAX_CHUNK_BYTES } from "../limits.js";
import { discard, isIterable } from "./sources.js";

/**
 * Hands the chunks of an author's content to `send`: none empty (hosts fail on that), none above 1 MiB.
 *
 * @param source - What the author returned.
 * @param what - Names the content in errors, such as `"/etc/passwd"`.
 * @param context - Its signal ends the iteration.
 * @param send - Returns undefined when the next chunk may follow at once; otherwise its promise is awaited.
 * @returns undefined when everything was sent at once; otherwise a promise to wait for.
 * @throws InvalidValue when the source does not yield bytes, or loses them while they are sent; whatever the source or
 *   `send` throws; the signal's reason.
 */
export function eachChunk(
  source: unknown,
  what: string,
  context: CallContext,
  send: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> | undefined {
  // Bytes in memory need neither an iterator nor a signal.
  if (isUint8Array(source)) return sendSplit(source, what, send);
  return eachUntilAbort(iterable(source, what), context.signal, (chunk) => sendSplit(bytesIn(chunk, what), what, send));
}

/**
 * Yields the chunks of an author's content, as {@link eachChunk} does.
 *
 * @param opened - The source, or a promise of it, which is not awaited any further once the signal is aborted.
 */
export async function* chunksOf(
  opened: Awaitable<ByteSource>,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source: unknown = await untilAborted(opened, signal, discard);
  if (isUint8Array(source)) {
    yield* split(source, what);
    return;
  }
  for await (const chunk of iterateUntilAbort(iterable(source, what), signal)) yield* split(bytesIn(chunk, what), what);
}

function iterable(source: unknown, what: string): AsyncIterable<unknown> | Iterable<unknown> {
  if (isIterable(source)) return source;
  throw new InvalidValue(
    `the content of ${what} is ${describeContent(source)}: bytes, or an iterable of bytes, is needed`,
  );
}

function bytesIn(chunk: unknown, what: string): Uint8Array {
  if (isUint8Array(chunk)) return chunk;
  throw new InvalidValue(`the content of ${what} yielded ${describeContent(chunk)}: bytes (a Uint8Array) are needed`);
}

/** @returns undefined when everything was sent at once. */
function sendSplit(
  bytes: Uint8Array,
  what: string,
  send: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> | undefined {
  const { length } = bytes;
  if (length === 0) checkThere(bytes, what);
  if (length <= MAX_CHUNK_BYTES) return length === 0 ? undefined : sendPart(bytes, length, bytes, what, send);
  return sendParts(bytes, what, send);
}

async function sendParts(
  bytes: Uint8Array,
  what: string,
  send: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  const { length } = bytes;
  for (let start = 0; start < length; start += MAX_CHUNK_BYTES) {
    const sent = sendPart(bytes, length, bytes.subarray(start, start + MAX_CHUNK_BYTES), what, send);
    if (sent !== undefined) await sent;
  }
}

/** Sends one part of some bytes. If the bytes were lost meanwhile, that is the error: it explains all others. */
function sendPart(
  bytes: Uint8Array,
  length: number,
  part: Uint8Array,
  what: string,
  send: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> | undefined {
  const check = (): void => {
    assertSent(bytes, length, what);
  };
  let sent;
  try {
    sent = send(part);
  } catch (error) {
    check();
    throw error;
  }
  if (sent !== undefined) {
    return sent.then(check, (error: unknown) => {
      check();
      throw error;
    });
  }
  check();
  return undefined;
}

/** Cuts bytes into chunks for the wire. @throws InvalidValue when they are lost while they are sent. */
function* split(bytes: Uint8Array, what: string): Generator<Uint8Array, void, undefined> {
  const { length } = bytes;
  if (length === 0) checkThere(bytes, what);
  for (let start = 0; start < length; start += MAX_CHUNK_BYTES) {
    try {
      yield length <= MAX_CHUNK_BYTES ? bytes : bytes.subarray(start, start + MAX_CHUNK_BYTES);
    } finally {
      assertSent(bytes, length, what);
    }
  }
}

/**
 * Checks that no bytes were lost while a chunk was sent.
 *
 * @throws InvalidValue when the buffer was transferred or resized meanwhile.
 */
function assertSent(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length === length) return;
  throw new InvalidValue(
    `the content of ${what} had ${bytes.length} of ${length} bytes when it was sent: ` +
      "its buffer was transferred or resized",
  );
}

/**
 * Checks that an empty view is empty on purpose. A view also becomes empty when its
 * buffer is transferred (to a worker, for example) or shrinks: its content is lost then,
 * and must not be sent as empty content.
 *
 * @throws InvalidValue for a view that has lost its bytes.
 */
function checkThere(empty: Uint8Array, what: string): void {
  try {
    // The methods of typed arrays throw when the buffer is lost; Node 20 has no direct check.
    empty.at(0);
  } catch (cause) {
    throw new InvalidValue(`the content of ${what} has lost its bytes: its buffer was transferred or resized`, {
      cause,
    });
  }
}

/**
 * Yields one range of a source, for stores that can only read everything.
 * Stops reading the source at the end of the range.
 *
 * @param offset - First byte, from 0.
 * @param length - In bytes; fewer are yielded if the source ends earlier.
 */
export async function* sliceOf(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  const end = offset + length;
  if (length === 0) return;
  for await (const chunk of chunks) {
    const from = Math.max(0, offset - position);
    const to = Math.min(chunk.length, end - position);
    if (from < to) yield chunk.subarray(from, to);
    position += chunk.length;
    if (position >= end) return;
  }
}
