import { iterableSource, type ByteSource } from "@kloset/model";

/** Largest chunk that hosts send. */
export const CHUNK_BYTES = 1024 * 1024;

/** Converts any byte source to an async iterable. */
export async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = iterableSource(source, "the source");
  if (pieces instanceof Uint8Array) {
    if (pieces.length > 0) yield pieces;
    return;
  }
  yield* pieces;
}

/**
 * Splits content into chunks of exactly 1 MiB and a shorter last one, as hosts do when they send files.
 *
 * @param options - `emptyChunk`: yield one empty chunk for empty content. Default false: yield nothing.
 */
export async function* wholeChunks(
  source: ByteSource,
  options: { readonly emptyChunk?: boolean } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  // Copies, because the source may reuse a piece once the next one is requested. Not one buffer of 1 MiB: most files
  // are much smaller.
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
 * Splits content into chunks of at most 1 MiB, as hosts do when they store resources. Shorter pieces are not joined;
 * empty ones are skipped.
 */
export async function* cutChunks(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of piecesOf(source)) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) yield piece.subarray(at, at + CHUNK_BYTES);
  }
}
