import { staticTable, type HeaderField } from "./static-table.js";

/**
 * Encodes a list of header fields as a block (RFC 7541, section 6): entries of the static
 * table by index, all others as literals without indexing. The dynamic table stays empty,
 * whatever size the peer allows, so a block can be encoded once and sent many times.
 * Huffman coding is not used: the fields of gRPC are few and short.
 *
 * @param fields - Names in lower case; latin1.
 */
export function encodeHeaders(fields: readonly HeaderField[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    // Blocks are rarely encoded: a map would not pay.
    const whole = 1 + staticTable.findIndex((known) => known[0] === name && known[1] === value);
    if (whole > 0) {
      parts.push(integer(0x80, 7, whole));
      continue;
    }
    // RFC 7541, section 6.2.2.
    const index = 1 + staticTable.findIndex((known) => known[0] === name);
    parts.push(integer(0, 4, index));
    if (index === 0) parts.push(...string(name));
    parts.push(...string(value));
  }
  return Buffer.concat(parts);
}

/** RFC 7541, section 5.1. */
function integer(pattern: number, prefixBits: number, value: number): Buffer {
  const max = (1 << prefixBits) - 1;
  if (value < max) return Buffer.from([pattern | value]);
  const bytes = [pattern | max];
  let rest = value - max;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** RFC 7541, section 5.2. */
function string(text: string): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  return [integer(0, 7, bytes.length), bytes];
}
