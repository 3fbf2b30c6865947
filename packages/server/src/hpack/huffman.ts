import { HpackError } from "./hpack-error.js";

/**
 * The length of each symbol's code in bits, the end-of-string symbol last
 * (RFC 7541, appendix B). The code is canonical: the codes follow from the lengths.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

const endOfString = 256;
/** The shortest code has 5 bits. */
const minBits = 5;

/** Children of a node in the tree of codes: below 0 a symbol, `-1 - symbol`. */
const tree = makeTree();

/**
 * Decodes a Huffman-coded string (RFC 7541, section 5.2) as latin1.
 *
 * @throws HpackError when it holds the end-of-string symbol, or its padding is not the beginning of that.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const decoded = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / minBits));
  let length = 0;
  let node = 0;
  let bitsOfSymbol = 0;
  let onlyOnes = true;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let shift = 7; shift >= 0; shift -= 1) {
      const bit = (byte >>> shift) & 1;
      bitsOfSymbol += 1;
      if (bit === 0) onlyOnes = false;
      const next = tree[node * 2 + bit] ?? 0;
      if (next >= 0) {
        node = next;
        continue;
      }
      const symbol = -1 - next;
      if (symbol === endOfString) throw new HpackError("a Huffman-coded string holds the end-of-string symbol");
      decoded[length] = symbol;
      length += 1;
      node = 0;
      bitsOfSymbol = 0;
      onlyOnes = true;
    }
  }
  // Padding is less than a byte of the most significant bits of end-of-string: ones.
  if (bitsOfSymbol > 7 || !onlyOnes) throw new HpackError("a Huffman-coded string is padded with something else");
  return decoded.toString("latin1", 0, length);
}

/** RFC 7541, section 5.2: codes of the same length follow one another in the order of their symbols. */
function makeTree(): Int16Array {
  const symbols = codeLengths.map((_, symbol) => symbol).sort((a, b) => (codeLengths[a] ?? 0) - (codeLengths[b] ?? 0) || a - b);
  const nodes = new Int16Array(2 * codeLengths.length);
  let used = 1;
  let code = 0;
  let bits = codeLengths[symbols[0] ?? 0] ?? 0;
  for (const symbol of symbols) {
    const length = codeLengths[symbol] ?? 0;
    code <<= length - bits;
    bits = length;
    let node = 0;
    for (let shift = length - 1; shift > 0; shift -= 1) {
      const at = node * 2 + ((code >>> shift) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at] ?? 0;
    }
    nodes[node * 2 + (code & 1)] = -1 - symbol;
    code += 1;
  }
  return nodes;
}
