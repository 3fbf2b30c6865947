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
  // Copies: a piece is the source's own again when the next one is asked for. Of
  // their own size: most files are much smaller than a chunk.
  let parts: Uint8Array[] = [];
  let filled = 0;
  let any = false;
  for await (let piece of piecesOf(source)) {
    while (piece.length > 0) {
      any = true;
      const part = piece.subarray(0, CHUNK_BYTES - filled);
      piece = piece.subarray(part.length);
      filled += part.length;
      if (filled < CHUNK_BYTES) {
        parts.push(new Uint8Array(part));
        continue;
      }
      yield parts.length === 0 ? part : Buffer.concat([...parts, part], CHUNK_BYTES);
      parts = [];
      filled = 0;
    }
  }
  const [only] = parts;
  if (only !== undefined) yield parts.length === 1 ? only : Buffer.concat(parts, filled);
  else if (!any && options.emptyChunk === true) yield new Uint8Array(0);
}

/**
 * Cuts content into chunks of AT most 1 MiB and keeps shorter pieces as they
 * are, as hosts send what they store: many small chunks. Empty ones are skipped.
 */
export async function* cutChunks(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of piecesOf(source)) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) yield piece.subarray(at, at + CHUNK_BYTES);
  }
}
