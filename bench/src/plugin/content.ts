/**
 * Synthetic content, byte for byte as the plugin in Go has it: interop/README.md
 * tells the rule. Which bytes they are lets the host check all of them.
 */

const KiB = 1024;
const MiB = KiB * KiB;
/** What one message carries, in both plugins. */
const CHUNK = MiB;
const PERIOD = 65_537;
/** How far the beginnings of two neighbours lie apart in the pattern. */
const STRIDE = 7919;
/** The bytes AT the beginning that spell the file's number. */
const PREFIX = 8;

let pattern: Uint8Array | undefined;

/** Long enough to hold a chunk from any place of the period on: chunks are views of it. Made for the first content: Init needs none. */
function patternOf(): Uint8Array {
  return (pattern ??= repeatedPattern(PERIOD + CHUNK));
}

/** The content of a file: bytes when they are one chunk, else chunks of 1 MiB. */
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

/** The one with the file's number in it: a copy. */
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

/** The low byte of each step of xorshift32, and again from its beginning. */
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
