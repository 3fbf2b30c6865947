/**
 * Unusual encodings of messages, and damaged messages, for property tests.
 *
 * @module
 */
import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Returns a random integer from 0 up to a bound, which is excluded. */
export type Chance = (bound: number) => number;

/** Returns a reproducible source of random integers. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/**
 * Converts a message to an equally valid encoding that no encoder writes: fields in any order, some of them twice,
 * messages split in parts, and unknown fields of every wire type in between, at every depth.
 */
export function scramble(desc: DescMessage, bytes: Uint8Array, chance: Chance): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const part of fieldsOf(desc, bytes, chance)) {
    parts.splice(chance(parts.length + 1), 0, part);
    if (chance(4) === 0) parts.splice(chance(parts.length + 1), 0, part);
    if (chance(4) === 0) parts.splice(chance(parts.length + 1), 0, unknownField(chance, 3));
  }
  if (chance(4) === 0) parts.push(unknownField(chance, 3));
  return Buffer.concat(parts);
}

/** Returns the first 300 bytes of a message with some bytes changed, and truncated in half of the cases. */
export function damage(message: Uint8Array, chance: Chance): Uint8Array {
  const bytes = Buffer.from(message.subarray(0, 300));
  for (let changes = chance(3); changes >= 0 && bytes.length > 0; changes--) bytes[chance(bytes.length)] = chance(256);
  return chance(2) === 0 ? bytes : bytes.subarray(0, chance(bytes.length + 1));
}

function* fieldsOf(desc: DescMessage, bytes: Uint8Array, chance: Chance): Generator<Uint8Array> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const value = reader.skip(wireType, number);
    const message = desc.fields.find((field) => field.number === number && field.fieldKind !== "map")?.message;
    if (message === undefined) {
      yield bytes.subarray(start, reader.pos);
      continue;
    }
    const content = scramble(message, new BinaryReader(value).bytes(), chance);
    const cut = chance(3) === 0 ? firstFields(content) : content.length;
    for (const part of [content.subarray(0, cut), content.subarray(cut)])
      yield new BinaryWriter().tag(number, wireType).bytes(part).finish();
  }
}

/** Returns the offset at which the first field ends. */
function firstFields(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  if (reader.len === 0) return 0;
  const [number, wireType] = reader.tag();
  reader.skip(wireType, number);
  return reader.pos;
}

function unknownField(chance: Chance, depth: number): Uint8Array {
  const number = 1000 + chance(0x1fff_f000);
  const writer = new BinaryWriter();
  switch (chance(depth > 0 ? 5 : 4)) {
    case 0:
      return writer
        .tag(number, WireType.Varint)
        .uint64(BigInt(chance(0x7fff_ffff)) * BigInt(chance(0x7fff_ffff)))
        .finish();
    case 1:
      return writer
        .tag(number, WireType.Bit64)
        .fixed64(BigInt(chance(0x7fff_ffff)))
        .finish();
    case 2:
      return writer.tag(number, WireType.Bit32).fixed32(chance(0x7fff_ffff)).finish();
    case 3:
      return writer
        .tag(number, WireType.LengthDelimited)
        .bytes(new Uint8Array(chance(200)).fill(0xff))
        .finish();
    default:
      return writer
        .tag(number, WireType.StartGroup)
        .raw(unknownField(chance, depth - 1))
        .raw(unknownField(chance, depth - 1))
        .tag(number, WireType.EndGroup)
        .finish();
  }
}
