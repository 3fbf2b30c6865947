import type { Random } from "../random.js";

/** The position of a field in a message, from its tag to its end. */
interface Field {
  readonly start: number;
  readonly valueAt: number;
  readonly end: number;
  readonly wireType: number;
}

/** Mutates a protobuf message: its bytes or its fields. */
export function mutateMessage(message: Uint8Array, random: Random): Uint8Array {
  const fields = fieldsOf(message);
  const field = random.pickOf(fields);
  if (field === undefined || random.chance(0.2)) return mutateBytes(message, random);
  const before = message.subarray(0, field.start);
  const it = message.subarray(field.start, field.end);
  const after = message.subarray(field.end);
  switch (random.below(8)) {
    case 0: // left out
      return Buffer.concat([before, after]);
    case 1: // twice
      return Buffer.concat([before, it, it, after]);
    case 2: // an additional unknown field
      return Buffer.concat([
        before,
        tag(random.between(1, 40), random.below(8)),
        random.bytes(random.below(12)),
        after,
      ]);
    case 3: // another wire type
      return replaced(message, field.start, (message[field.start] ?? 0) ^ random.between(1, 7));
    case 4: // another field number
      return replaced(message, field.start, ((message[field.start] ?? 0) & 7) | (random.between(1, 15) << 3));
    case 5: // another value
      return field.wireType === 2
        ? withValue(message, field, otherBytes(message, field, random))
        : Buffer.concat([before, tag(1, 0), varint(random.uint32()), after]);
    case 6: // truncated
      return message.subarray(0, random.between(field.start, field.end));
    default: // in another place
      return Buffer.concat([before, after, it]);
  }
}

/** Flips, sets, inserts and removes bytes. */
export function mutateBytes(bytes: Uint8Array, random: Random): Buffer {
  const result = Buffer.from(bytes);
  if (result.length === 0) return random.bytes(random.below(20));
  for (let left = random.between(1, random.pick([1, 3, 16])); left > 0; left--) {
    const at = random.below(result.length);
    if (random.chance(0.5)) result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
    else result[at] = random.byte();
  }
  if (random.chance(0.8)) return result;
  const [from, to] = [random.below(result.length), random.below(result.length)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return random.chance(0.5)
    ? Buffer.concat([result.subarray(0, from), result.subarray(to)])
    : Buffer.concat([result.subarray(0, to), result.subarray(from)]);
}

function replaced(message: Uint8Array, at: number, byte: number): Uint8Array {
  const result = Uint8Array.from(message);
  result[at] = byte;
  return result;
}

function otherBytes(message: Uint8Array, field: Field, random: Random): Uint8Array {
  const value = message.subarray(field.valueAt, field.end);
  switch (random.below(4)) {
    case 0: // not UTF-8
      return Buffer.concat([value, Buffer.of(0xff, 0xc0, 0xed, 0xa0, 0x80).subarray(random.below(4))]);
    case 1: // long
      return Buffer.concat([value, Buffer.alloc(random.size(20_000) + 1, 0x2f)]);
    case 2: // a nested message
      return mutateMessage(value, random);
    default:
      return random.bytes(random.size(100) + 1);
  }
}

function withValue(message: Uint8Array, field: Field, value: Uint8Array): Uint8Array {
  const head = message.subarray(field.start, field.start + 1);
  return Buffer.concat([
    message.subarray(0, field.start),
    head,
    varint(value.length),
    value,
    message.subarray(field.end),
  ]);
}

function tag(number: number, wireType: number): Uint8Array {
  return varint(number * 8 + wireType);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Returns the fields of a message, as far as it can be parsed. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const start = at;
    const key = readVarint(message, at);
    const wireType = key.value & 7;
    let valueAt = key.end;
    let end;
    if (wireType === 0) end = readVarint(message, valueAt).end;
    else if (wireType === 1) end = valueAt + 8;
    else if (wireType === 5) end = valueAt + 4;
    else if (wireType === 2) {
      const length = readVarint(message, valueAt);
      valueAt = length.end;
      end = valueAt + length.value;
    } else break;
    if (end > message.length) break;
    fields.push({ start, valueAt, end, wireType });
    at = end;
  }
  return fields;
}

function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  let at = from;
  for (let scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) break;
  }
  return { value, end: at };
}
