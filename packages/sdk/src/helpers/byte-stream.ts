import type { Readable } from "node:stream";
import type { ByteStream } from "@kloset/model";

/** Options of {@link bytesOf}. */
export interface BytesOfOptions {
  /** Largest number of bytes to accept. */
  readonly limit: number;
}

/**
 * Reads content completely into memory. The limit is checked as the bytes arrive: at most `limit` bytes and one chunk
 * are held before the result is allocated.
 *
 * @example
 * async putState(mac, data) {
 *   await this.#bucket.put(mac.toString(), await bytesOf(data, { limit: 64 * 1024 * 1024 }));
 * }
 * @returns New memory, which the caller owns.
 * @throws RangeError if the content is larger than `limit`, or if `limit` is not an integer of at least 0; the stream's
 *   error if the content is incomplete.
 */
export async function bytesOf(stream: ByteStream, { limit }: BytesOfOptions): Promise<Uint8Array> {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`bytesOf(): expected an integer of at least 0 as limit, got ${String(limit)}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > limit) {
      throw new RangeError(`bytesOf(): the content is larger than the limit of ${limit} bytes; raise it, or stream`);
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Converts content to a Node stream, for libraries that take a `Readable`. The host is read only as fast as the stream
 * is. If the content is incomplete, the stream is destroyed with the error. Destroying the stream stops the reading,
 * and the call fails unless every byte was read.
 *
 * @example
 * await pipeline(toReadable(data), createGzip(), request)
 * @throws Error if the content has been read before.
 */
export function toReadable(stream: ByteStream): Readable {
  // Loaded on demand: most plugins start without Node's streams.
  return process.getBuiltinModule("node:stream").Readable.from(stream, { objectMode: false });
}

/**
 * Converts content to a web stream, for `fetch` and other web APIs. The host is read only when the stream is: nothing
 * is read ahead. If the content is incomplete, the stream fails with the error. Cancelling the stream stops the reading,
 * and the call fails unless every byte was read.
 *
 * @example
 * await fetch(url, { method: "PUT", body: toWeb(data), duplex: "half", signal })
 * @throws Error if the content has been read before.
 */
export function toWeb(stream: ByteStream): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const result = await chunks.next();
        if (result.done === true) controller.close();
        else controller.enqueue(result.value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
