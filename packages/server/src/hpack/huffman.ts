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
/** The shortest code has 5 bits: a nibble completes one symbol at most. */
const minBits = 5;
/** More bits of padding than that are a symbol of their own. */
const maxPaddingBits = 7;

/** What a nibble does in a state; the state that follows is above these bits. */
const symbolMask = 0xff;
const emits = 0x100;
const fails = 0x200;
const isKnown = 0x400;
const stateShift = 11;

/** A state is a node in the tree of codes: what has been read of a symbol. */
interface Decoding {
  readonly tree: Int16Array;
  /** By state and nibble. 0 is one that nobody has needed yet: most are never needed. */
  readonly steps: Int32Array;
  /** Whether a string may end in a state: what has been read is padding. */
  readonly isEnd: Uint8Array;
}

/** Made when it is first needed: a process that is started for a moment may never be. */
let decoding: Decoding | undefined;

/** Most strings are short. */
const scratch = Buffer.allocUnsafeSlow(1024);

/**
 * Decodes a Huffman-coded string (RFC 7541, section 5.2) as latin1.
 *
 * @throws HpackError when it holds the end-of-string symbol, or its padding is not the beginning of that.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const { tree, steps, isEnd } = (decoding ??= makeDecoding());
  const most = Math.ceil(((end - start) * 8) / minBits);
  const decoded = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const high = steps[(state << 4) | (byte >>> 4)] || learn(tree, steps, state, byte >>> 4);
    if ((high & emits) !== 0) decoded[length++] = high & symbolMask;
    const between = high >>> stateShift;
    const low = steps[(between << 4) | (byte & 0xf)] || learn(tree, steps, between, byte & 0xf);
    if ((low & emits) !== 0) decoded[length++] = low & symbolMask;
    if (((high | low) & fails) !== 0) throw new HpackError("a Huffman-coded string holds the end-of-string symbol");
    state = low >>> stateShift;
  }
  if (isEnd[state] !== 1) throw new HpackError("a Huffman-coded string is padded with something else");
  return decoded.toString("latin1", 0, length);
}

function makeDecoding(): Decoding {
  const tree = makeTree();
  const states = tree.length / 2;
  // RFC 7541, section 5.2: less than a byte of the most significant bits of end-of-string, which are ones.
  const isEnd = new Uint8Array(states);
  for (let bits = 0, node = 0; bits <= maxPaddingBits; bits += 1, node = tree[node * 2 + 1] ?? 0) isEnd[node] = 1;
  return { tree, steps: new Int32Array(states * 16), isEnd };
}

function learn(tree: Int16Array, steps: Int32Array, state: number, nibble: number): number {
  const step = isKnown | stepOf(tree, state, nibble);
  steps[(state << 4) | nibble] = step;
  return step;
}

function stepOf(tree: Int16Array, state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let shift = 3; shift >= 0; shift -= 1) {
    const next = tree[node * 2 + ((nibble >>> shift) & 1)] ?? 0;
    node = next;
    if (next >= 0) continue;
    const symbol = -1 - next;
    if (symbol === endOfString) return fails;
    emitted = emits | symbol;
    node = 0;
  }
  return emitted | (node << stateShift);
}

/**
 * Children of a node in the tree of codes: below 0 a symbol, `-1 - symbol`.
 * RFC 7541, section 5.2: codes of the same length follow one another in the order of their symbols.
 */
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
