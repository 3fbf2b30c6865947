import type { Awaitable } from "./awaitable.js";

/**
 * Anything that yields bytes. Node's `Readable` and web's `ReadableStream` are
 * async iterables, so they fit as they are.
 *
 * Chunks may have any size, empty ones are skipped. A chunk belongs to the SDK
 * until the next one is asked for: then its buffer may be filled anew. One whose
 * buffer was transferred or shrunk before is an error.
 */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Opens content. Called at most once, and only if the host wants the content.
 *
 * @param signal - Aborted when the host does not want the rest.
 */
export type Read = (signal: AbortSignal) => Awaitable<ByteSource>;

/**
 * Content that the host sends: iterate it to the end.
 *
 * The iteration throws when the content broke off (the host's source failed, the
 * host has gone, fewer bytes came than were promised): whatever was made of it
 * must be thrown away. Stopping early is an error too, unless every byte was read.
 */
export type ByteStream = AsyncIterable<Uint8Array>;
