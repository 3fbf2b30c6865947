import type { Awaitable } from "./awaitable.js";

/**
 * Anything that yields bytes. Node's `Readable` and the web's `ReadableStream`
 * are async iterables, so both can be returned directly.
 *
 * Chunks may have any size; empty ones are skipped. The SDK owns a chunk until it
 * requests the next one; after that, the source may reuse the buffer. Transferring
 * or shrinking the buffer earlier is an error.
 */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Opens content. Called at most once, and only if the host wants the content.
 *
 * @param signal - Aborted when the host no longer wants the content.
 */
export type Read = (signal: AbortSignal) => Awaitable<ByteSource>;

/**
 * Content sent by the host. Iterate it to the end.
 *
 * The iteration throws when the content is incomplete (the host's source failed,
 * the host disconnected, or fewer bytes arrived than announced). Discard anything
 * written so far. Stopping early is also an error, unless every byte was read.
 *
 * A chunk counts as read when you ask for the next one, or stop: `break` and `return`
 * in a `for await` loop do that. If you call `next()` yourself, call it once more after
 * the last chunk, or call `return()`. Await or return whatever reads the content: if
 * your function has ended before, the call fails, and later reads throw.
 */
export type ByteStream = AsyncIterable<Uint8Array>;
