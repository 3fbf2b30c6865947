import { HpackError } from "./hpack-error.js";

/**
 * The length of each symbol's code in bits, the end-of-string symbol last
 * (RFC 7541, appendix B). The code is canonical: shorter codes come before longer
 * ones, and those of the same length follow one another in the order of their symbols.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

const END_OF_STRING = 256;
const MIN_BITS = 5;
const MAX_BITS = 30;
/** The longest padding: more bits are an error. */
const MAX_PADDING_BITS = 7;

/** The codes, by their length in bits. */
interface Codes {
  /** The first code of each length. */
  readonly first: Int32Array;
  /** The position of its symbol among all symbols. */
  readonly offset: Int32Array;
  /** The number of codes of each length. */
  readonly count: Int32Array;
  /** All symbols, in the order of their codes. */
  readonly symbols: Int16Array;
}

/** Created on first use: a short-lived process may never need it. */
let codes: Codes | undefined;

/** Reused for short strings, which most are. */
const scratch = Buffer.allocUnsafeSlow(1024);

/**
 * Decodes a Huffman-coded string (RFC 7541, section 5.2) as latin1.
 *
 * Decodes bit by bit: hosts code only the fields that they do not index, a few bytes per
 * call. Building a table of state transitions takes longer than it would save.
 *
 * @throws HpackError when the string contains the end-of-string symbol, or its padding is not a prefix of that.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const { first, offset, count, symbols } = (codes ??= makeCodes());
  const most = Math.ceil(((end - start) * 8) / MIN_BITS);
  const decoded = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  let length = 0;
  let code = 0;
  let bits = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let shift = 7; shift >= 0; shift -= 1) {
      code = (code << 1) | ((byte >>> shift) & 1);
      bits += 1;
      // A value past the last code of its length is the prefix of a longer code.
      const place = code - (first[bits] ?? 0);
      if (place >= (count[bits] ?? 0)) continue;
      const symbol = symbols[(offset[bits] ?? 0) + place] ?? 0;
      if (symbol === END_OF_STRING) throw new HpackError("a Huffman-coded string holds the end-of-string symbol");
      decoded[length++] = symbol;
      code = 0;
      bits = 0;
    }
  }
  // RFC 7541, section 5.2: less than a byte of the most significant bits of end-of-string, which are ones.
  if (bits > MAX_PADDING_BITS || code !== (1 << bits) - 1)
    throw new HpackError("the padding of a Huffman-coded string is not a prefix of the end-of-string symbol");
  return decoded.toString("latin1", 0, length);
}

function makeCodes(): Codes {
  const first = new Int32Array(MAX_BITS + 1);
  const offset = new Int32Array(MAX_BITS + 1);
  const count = new Int32Array(MAX_BITS + 1);
  const symbols = new Int16Array(codeLengths.length);
  for (const bits of codeLengths) count[bits] = (count[bits] ?? 0) + 1;
  for (let bits = 1; bits <= MAX_BITS; bits += 1) {
    const shorter = count[bits - 1] ?? 0;
    first[bits] = ((first[bits - 1] ?? 0) + shorter) << 1;
    offset[bits] = (offset[bits - 1] ?? 0) + shorter;
  }
  const next = offset.slice();
  codeLengths.forEach((bits, symbol) => {
    const place = next[bits] ?? 0;
    symbols[place] = symbol;
    next[bits] = place + 1;
  });
  return { first, offset, count, symbols };
}
