import { refuse, refuseSurrogates } from "./field-refusal.js";
import { signed64, unsigned64, halves64 } from "./uint64-halves.js";

const FIRST_CAPACITY = 4096;

/** The longest encoding of a tag or a length, in bytes. */
const MAX_VARINT32 = 5;

/** The most bytes that a tag and an integer take. */
const MAX_INTEGER_FIELD = 16;

/** Up to this value, a 64-bit integer is written as a 32-bit one, without splitting it. Most are that small. */
const MAX_SHORT = 0xffff_ffff;

/** Up to this length a loop encodes a string faster than Node's own function, because no call into C++ is needed. */
const MAX_LOOPED_TEXT = 24;

/** Up to this length, room is reserved for the longest encoding of a string instead of counting its bytes. */
const MAX_GUESSED_TEXT = 1024;

/** Every string up to this length has fewer than 128 bytes, so that its length takes one byte. */
const MAX_BYTE_LENGTH_TEXT = 42;

/**
 * From this length on, the content at the end of a message is returned instead of copied. Copying a shorter one takes
 * less than 0.1 µs, which is less than sending one more piece.
 */
const MIN_TAIL_LENGTH = 16_384;

/**
 * The target that generated encoders write to: a growing buffer that is reused for the next message.
 *
 * The methods that write a field take its tag, a value other than the default, and the name of the field for errors,
 * for example "importer.InitResponse.origin". When they throw, what is already written stays. The tag 0 writes the value
 * alone, as an element of a packed field.
 */
export class Writer {
  /** The buffer. Replaced when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  /** The number of bytes written. */
  length = 0;

  /** Starts over with a new, small buffer. The old one stays intact for its holders. */
  release(): void {
    this.buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.length = 0;
  }

  /** Makes room for further bytes. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }

  /** Writes a `bool`. */
  bool(tag: number, value: boolean, field: string): void {
    if (typeof value !== "boolean") refuse(field, "a bool", value);
    const at = this.begin(tag, MAX_INTEGER_FIELD);
    this.buffer[at] = value ? 1 : 0;
    this.length = at + 1;
  }

  /** Writes an `int32` or an enum value. */
  int32(tag: number, value: number, field: string): void {
    if (typeof value !== "number" || (value | 0) !== value) refuse(field, "an int32", value);
    const at = this.begin(tag, MAX_INTEGER_FIELD);
    this.length = value >= 0 ? putVarint(this.buffer, at, value) : putVarint64(this.buffer, at, value, -1);
  }

  /** Writes a `uint32`. */
  uint32(tag: number, value: number, field: string): void {
    if (typeof value !== "number" || value >>> 0 !== value) refuse(field, "a uint32", value);
    const at = this.begin(tag, MAX_INTEGER_FIELD);
    this.length = putVarint(this.buffer, at, value);
  }

  /** Writes an `int64`. */
  int64(tag: number, value: bigint, field: string): void {
    if (typeof value !== "bigint") refuse(field, "an int64", value);
    const at = this.begin(tag, MAX_INTEGER_FIELD);
    const short = Number(value);
    if (short >= 0 && short <= MAX_SHORT) {
      this.length = putVarint(this.buffer, at, short);
      return;
    }
    signed64[0] = value;
    if (signed64[0] !== value) refuse(field, "an int64", value);
    this.length = putVarint64(this.buffer, at, halves64.low, halves64.high);
  }

  /** Writes a `uint64`. */
  uint64(tag: number, value: bigint, field: string): void {
    if (typeof value !== "bigint") refuse(field, "a uint64", value);
    const at = this.begin(tag, MAX_INTEGER_FIELD);
    const short = Number(value);
    if (short >= 0 && short <= MAX_SHORT) {
      this.length = putVarint(this.buffer, at, short);
      return;
    }
    unsigned64[0] = value;
    if (unsigned64[0] !== value) refuse(field, "a uint64", value);
    this.length = putVarint64(this.buffer, at, halves64.low, halves64.high);
  }

  /** Writes a `string`. */
  string(tag: number, value: string, field: string): void {
    if (typeof value !== "string") refuse(field, "a string", value);
    const { length } = value;
    if (length > MAX_LOOPED_TEXT) {
      this.longString(tag, value, field);
      return;
    }
    let at = this.begin(tag, 2 * MAX_VARINT32 + MAX_LOOPED_TEXT);
    const { buffer } = this;
    buffer[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        // Not ASCII: start over. Nothing counts as written until this.length is set.
        this.longString(tag, value, field);
        return;
      }
      buffer[at++] = code;
    }
    this.length = at;
  }

  /** Writes `bytes`. */
  bytes(tag: number, value: Uint8Array, field: string): void {
    if (!(value instanceof Uint8Array)) refuse(field, "bytes", value);
    const at = this.begin(tag, 2 * MAX_VARINT32);
    this.length = putVarint(this.buffer, at, value.length);
    this.append(value);
  }

  /**
   * Writes the `bytes` field that ends a message.
   *
   * @returns The content if it is too long to copy: the caller has to write it. Otherwise undefined.
   */
  lastBytes(tag: number, value: Uint8Array, field: string): Uint8Array | undefined {
    if (!(value instanceof Uint8Array)) refuse(field, "bytes", value);
    const at = this.begin(tag, 2 * MAX_VARINT32);
    this.length = putVarint(this.buffer, at, value.length);
    if (value.length >= MIN_TAIL_LENGTH) return value;
    this.append(value);
    return undefined;
  }

  /**
   * Begins a field that is a message.
   *
   * @returns The start of the message, for {@link closeMessage}.
   */
  openMessage(tag: number, value: object, field: string): number {
    if (typeof value !== "object" || (value as object | null) === null) refuse(field, "a message", value);
    const at = this.begin(tag, 2 * MAX_VARINT32);
    // One byte for the length, which is enough for a short message.
    this.length = at + 1;
    return at + 1;
  }

  /**
   * Ends a field that is a message, and fills in its length.
   *
   * @param start - The result of {@link openMessage}.
   * @param tail - The end of the message, if it is not written yet.
   */
  closeMessage(start: number, tail?: Uint8Array): void {
    const written = this.length - start;
    const length = tail === undefined ? written : written + tail.length;
    if (length < 0x80) {
      this.buffer[start - 1] = length;
      return;
    }
    const shift = varintSize(length) - 1;
    this.reserve(shift);
    this.buffer.copyWithin(start + shift, start, this.length);
    putVarint(this.buffer, start - 1, length);
    this.length += shift;
    if (tail !== undefined) this.append(tail);
  }

  /** Throws if the value of a `repeated` field is not an array: other types have elements, too. */
  list(value: readonly unknown[], field: string): void {
    if (!Array.isArray(value)) refuse(field, "a list", value);
  }

  /** Writes a `map<string, string>`. Throws if the value is not a plain object: a Map has entries, but no keys to list. */
  stringMap(tag: number, map: Readonly<Record<string, string>>, field: string): void {
    if (typeof map !== "object" || Array.isArray(map) || map instanceof Map) refuse(field, "a map", map);
    for (const key of Object.keys(map)) {
      const start = this.openMessage(tag, map, field);
      this.string(0x0a, key, field);
      this.string(0x12, map[key] as string, field);
      this.closeMessage(start);
    }
  }

  /** Appends a copy of bytes. */
  private append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private longString(tag: number, value: string, field: string): void {
    // A UTF-16 unit takes at most three bytes. For a long string, reserving that much would be a waste.
    const room = value.length <= MAX_GUESSED_TEXT ? value.length * 3 : Buffer.byteLength(value);
    const at = this.begin(tag, 2 * MAX_VARINT32 + room);
    // Assumes ASCII, as most strings are. The length of a short one takes one byte in any case.
    const lengthSize = value.length <= MAX_BYTE_LENGTH_TEXT ? 1 : varintSize(value.length);
    const start = at + lengthSize;
    const written = this.buffer.write(value, start);
    // Not ASCII if there are more bytes than units. A lone surrogate would silently become U+FFFD.
    if (written !== value.length && !value.isWellFormed()) refuseSurrogates(field);
    const shift = varintSize(written) - lengthSize;
    if (shift > 0) this.buffer.copyWithin(start + shift, start, start + written);
    putVarint(this.buffer, at, written);
    this.length = start + shift + written;
  }

  /**
   * Makes room for a field, and writes its tag.
   *
   * @param tag - 0 for an element of a packed field, which has no tag.
   * @returns The offset of the value.
   */
  begin(tag: number, room: number): number {
    if (this.buffer.length - this.length < room) this.reserve(room);
    return tag === 0 ? this.length : putVarint(this.buffer, this.length, tag);
  }
}

/**
 * Writes an unsigned integer of up to 32 bits. The caller has made room for it.
 *
 * @returns The offset behind it.
 */
function putVarint(buffer: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** Writes a 64-bit integer like {@link putVarint}. Its halves may be signed or unsigned. */
function putVarint64(buffer: Uint8Array, at: number, low: number, high: number): number {
  while (high !== 0) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  return putVarint(buffer, at, low >>> 0);
}

/** Returns the number of bytes that an unsigned integer of up to 32 bits takes. */
function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
