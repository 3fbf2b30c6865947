import type { ByteSource } from "@kloset/model";

/** The largest chunk that hosts send. */
export const CHUNK_BYTES = 1024 * 1024;

/** Bytes as one async iterable, whatever kind of source they come from. */
export async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    if (source.length > 0) yield source;
    return;
  }
  yield* source;
}

/**
 * Cuts content into chunks of exactly 1 MiB and a shorter last one, as hosts send
 * files: whatever pieces the source has them in.
 *
 * @param options - `emptyChunk`: empty content is one empty chunk, else none.
 */
export async function* wholeChunks(
  source: ByteSource,
  options: { readonly emptyChunk?: boolean } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let chunk: Uint8Array | undefined;
  let filled = 0;
  let any = false;
  for await (let piece of piecesOf(source)) {
    while (piece.length > 0) {
      any = true;
      if (filled === 0 && piece.length >= CHUNK_BYTES) {
        yield piece.subarray(0, CHUNK_BYTES);
        piece = piece.subarray(CHUNK_BYTES);
        continue;
      }
      chunk ??= new Uint8Array(CHUNK_BYTES);
      const part = piece.subarray(0, CHUNK_BYTES - filled);
      chunk.set(part, filled);
      filled += part.length;
      piece = piece.subarray(part.length);
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      // Who got it may still hold it.
      chunk = undefined;
      filled = 0;
    }
  }
  if (chunk !== undefined && filled > 0) yield chunk.subarray(0, filled);
  else if (!any && options.emptyChunk === true) yield new Uint8Array(0);
}

/**
 * Cuts content into chunks of at most 1 MiB and keeps shorter pieces as they
 * are, as hosts send what they store: many small chunks. Empty ones are skipped.
 */
export async function* cutChunks(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of piecesOf(source)) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) yield piece.subarray(at, at + CHUNK_BYTES);
  }
}
