import type { Awaitable } from "./awaitable.js";
import type { CallContext } from "./context.js";

/**
 * Anything that yields bytes. Node's `Readable` and the web's `ReadableStream`
 * are async iterables, so both can be returned directly.
 *
 * A `Response` of `fetch` stands for its body, which must not have been read; no body is empty content. Its bytes are
 * taken whatever its status is: check `response.ok` first, or the page that explains an error becomes the content.
 *
 * Chunks may have any size; empty ones are skipped. The SDK owns a chunk until it
 * requests the next one; after that, the source may reuse the buffer. Transferring
 * or shrinking the buffer earlier is an error.
 */
export type ByteSource =
  Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array> | Response | Blob | ArrayBufferLike;

/** A {@link ByteSource} that is bytes or can be iterated. */
export type IterableSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Returns the content of a `Response`, `Blob` or `ArrayBuffer` in a form that can be iterated, and any other value
 * unchanged. Recognizes them by their methods: loading Node's own classes takes milliseconds, and those of libraries
 * are others.
 *
 * @param what - Names the content in errors, such as `"/etc/passwd"`.
 * @throws TypeError if the body of a Response was already read, or if a buffer was transferred.
 */
export function iterableSource(source: ByteSource, what: string): IterableSource {
  // Authors may return anything; the caller reports values that are not iterable.
  if (typeof source !== "object" || (source as unknown) === null) return source as IterableSource;
  if (source instanceof Uint8Array || Symbol.asyncIterator in source || Symbol.iterator in source) return source;
  if (isResponse(source)) return bodyOf(source, what);
  if (isBlob(source)) return source.stream();
  return isBuffer(source) ? bytesIn(source, what) : source;
}

function isResponse(source: object): source is Response {
  return "bodyUsed" in source && "body" in source && "arrayBuffer" in source;
}

function bodyOf({ body, bodyUsed }: Response, what: string): IterableSource {
  if (body === null) return new Uint8Array(0);
  if (!bodyUsed && !body.locked) return body;
  throw new TypeError(`the content of ${what} is a Response whose body was already read: return it unread`);
}

function isBlob(source: object): source is Blob {
  return "stream" in source && typeof source.stream === "function" && "arrayBuffer" in source;
}

function isBuffer(source: object): source is ArrayBufferLike {
  const tag = Object.prototype.toString.call(source);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

function bytesIn(buffer: ArrayBufferLike, what: string): Uint8Array {
  try {
    return new Uint8Array(buffer);
  } catch (cause) {
    throw new TypeError(`the content of ${what} has lost its bytes: its buffer was transferred`, { cause });
  }
}

/** Opens content. Called at most once, and only if the host wants the content. */
export type Read = (context: CallContext) => Awaitable<ByteSource>;

/**
 * Content sent by the host. Iterate it to the end.
 *
 * The iteration throws when the content is incomplete (the host's source failed,
 * the host disconnected, or fewer bytes arrived than announced). Discard anything
 * written so far. Stopping early is also an error, unless every byte was read.
 *
 * Every chunk has memory of its own, which the SDK does not use again unless you release it: chunks may be kept and
 * changed. None is empty.
 *
 * A chunk counts as read when you ask for the next one, or stop: `break` and `return`
 * in a `for await` loop do that. If you call `next()` yourself, call it once more after
 * the last chunk, or call `return()`. Await or return whatever reads the content: if
 * your function has ended before, the call fails, and later reads throw.
 *
 * `bytesOf`, `toReadable`, `toWeb` and `saveTo` convert it.
 */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /**
   * Gives the memory of a chunk back to the SDK, which uses it for later chunks. Optional: it saves a fifth of the CPU
   * time of large content, because the system takes long to provide new memory. Chunks that are not released are
   * collected like all objects.
   *
   * Call it when the chunk is no longer read, such as after the promise of a write has resolved. Do not use it
   * afterwards, not even its `length`: it and all other views of its buffer are empty, unless it is small. Absent on
   * streams that do not come from a host: write `data.release?.(chunk)`.
   */
  release?(chunk: Uint8Array): void;
}
