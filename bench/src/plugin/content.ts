/**
 * Synthetic content, identical to that of the plugin in Go (defined in interop/README.md), so
 * that the host can check every byte.
 */

const KiB = 1024;
const MiB = KiB * KiB;
/** The content of one message in both plugins, in bytes. */
const CHUNK = MiB;
const PERIOD = 65_537;
/** The distance in the pattern between the beginnings of two consecutive files. */
const STRIDE = 7919;
/** The number of bytes at the beginning that encode the file's number. */
const PREFIX = 8;

let pattern: Uint8Array | undefined;

/** Returns a pattern that holds a chunk from every place of the period: chunks are views of it. Made on first use, so that Init is fast. */
function patternOf(): Uint8Array {
  return (pattern ??= repeatedPattern(PERIOD + CHUNK));
}

/** Returns the content of a file: bytes if they fit in one chunk, otherwise chunks of 1 MiB. */
export function contentOf(file: number, size: number): Uint8Array | Iterable<Uint8Array> {
  return size <= CHUNK ? firstChunk(file, size) : chunksOf(file, size);
}

function* chunksOf(file: number, size: number): Generator<Uint8Array> {
  yield firstChunk(file, CHUNK);
  for (let offset = CHUNK; offset < size; offset += CHUNK) {
    const at = placeOf(file, offset);
    yield patternOf().subarray(at, at + Math.min(CHUNK, size - offset));
  }
}

/** Returns the chunk that contains the file's number: a copy. */
function firstChunk(file: number, size: number): Uint8Array {
  const chunk = Buffer.allocUnsafe(size);
  const at = placeOf(file, 0);
  chunk.set(patternOf().subarray(at, at + size));
  for (let i = 0, rest = file; i < Math.min(PREFIX, size); i++, rest = Math.floor(rest / 256)) chunk[i] = rest % 256;
  return chunk;
}

function placeOf(file: number, offset: number): number {
  return ((file % PERIOD) * STRIDE + offset) % PERIOD;
}

/** Returns the low byte of each step of xorshift32, repeated up to the length. */
function repeatedPattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = 2_463_534_242;
  for (let i = 0; i < PERIOD; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  for (let at = PERIOD; at < length; at += PERIOD) bytes.set(bytes.subarray(0, Math.min(PERIOD, length - at)), at);
  return bytes;
}
