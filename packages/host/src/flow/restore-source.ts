import type { ByteSource, ExtendedAttributeEntry, RecordEntry } from "@kloset/model";
import { piecesOf } from "../chunks.js";

/**
 * Opens the content of an entry and checks it against the entry's size. A source that yields more or less is broken,
 * and its file must not be kept. Without a size, every number of bytes is accepted.
 *
 * @throws RangeError if the number of bytes differs from the size.
 */
export async function* sourceOf(
  entry: RecordEntry | ExtendedAttributeEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = entry.fileInfo?.size;
  let bytes = 0;
  for await (const piece of piecesOf(await open(entry, signal))) {
    bytes += piece.length;
    if (size !== undefined && bytes > size) throw sizeError(entry.pathname, size, "more");
    yield piece;
  }
  if (size !== undefined && bytes < size) throw sizeError(entry.pathname, size, String(bytes));
}

async function open(entry: RecordEntry | ExtendedAttributeEntry, signal: AbortSignal): Promise<ByteSource> {
  return entry.read === undefined ? new Uint8Array(0) : await entry.read({ signal });
}

function sizeError(pathname: string, size: number, actual: string): RangeError {
  return new RangeError(
    `${JSON.stringify(pathname)} has a size of ${size} byte${size === 1 ? "" : "s"}, but its source yielded ${actual}`,
  );
}
