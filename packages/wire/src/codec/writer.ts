import { refuse, refuseSurrogates } from "./field-refusal.js";
import { signed64, unsigned64, halves64 } from "./uint64-halves.js";

const FIRST_CAPACITY = 4096;

/** The longest tag, and the longest length, in bytes. */
const MAX_VARINT32 = 5;

/** A tag and an integer. */
const MAX_INTEGER_FIELD = 16;

/** Up to this value a number of 64 bits is written as one of 32: most are, and nothing has to be taken apart. */
const MAX_SHORT = 0xffff_ffff;

/** Up to this length a loop writes a text faster than Node's own function, which is called across a border. */
const MAX_LOOPED_TEXT = 24;

/** Up to this length room for a text is made without counting its bytes. */
const MAX_GUESSED_TEXT = 1024;

/** Every text up to this length has fewer than 128 bytes. */
const MAX_BYTE_LENGTH_TEXT = 42;

/**
 * From this length on the content AT a message's end is handed on as it is. A shorter one is copied within 0.1 µs,
 * which is less than one more piece costs to send.
 */
const MIN_TAIL_LENGTH = 16_384;

/**
 * Where generated encoders write: memory that grows, and is used again for the next message.
 *
 * The methods that write fields get the field's tag, a value that is not the field's default, and what a refusal
 * calls the field, as "importer.InitResponse.origin". What has been written when they throw is not taken back.
 */
export class Writer {
  /** The memory. Changes when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  /** How much of it is written. */
  length = 0;

  /** Begins with new, little memory: what was written stays in the old one, for those who have that. */
  release(): void {
    this.buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.length = 0;
  }

  /** Makes room for so many bytes behind what is written. */
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

  /** Writes an `int32`, or a value of an enumeration. */
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
        // Nothing counts as written until the length says so.
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
   * Writes `bytes` that nothing comes after.
   *
   * @returns The content, when it is so long that it should not be copied: it is still to be written.
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
   * @returns What {@link closeMessage} wants to know.
   */
  openMessage(tag: number, value: object, field: string): number {
    if (typeof value !== "object" || (value as object | null) === null) refuse(field, "a message", value);
    const at = this.begin(tag, 2 * MAX_VARINT32);
    // Room for the length of a short message.
    this.length = at + 1;
    return at + 1;
  }

  /**
   * Ends a field that is a message: now its length is known.
   *
   * @param start - What {@link openMessage} returned.
   * @param tail - The end of the message, if that is not written yet.
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

  /** Sees that a list is one: other things have elements, too. */
  list(value: readonly unknown[], field: string): void {
    if (!Array.isArray(value)) refuse(field, "a list", value);
  }

  /** Writes a `map<string, string>`. */
  stringMap(tag: number, map: Readonly<Record<string, string>>, field: string): void {
    if (typeof map !== "object" || Array.isArray(map)) refuse(field, "a map", map);
    for (const key of Object.keys(map)) {
      const start = this.openMessage(tag, map, field);
      this.string(0x0a, key, field);
      this.string(0x12, map[key] as string, field);
      this.closeMessage(start);
    }
  }

  /** Copies bytes behind what is written. */
  private append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private longString(tag: number, value: string, field: string): void {
    // No character takes more than three bytes; for a long text so much room would be a waste.
    const room = value.length <= MAX_GUESSED_TEXT ? value.length * 3 : Buffer.byteLength(value);
    const at = this.begin(tag, 2 * MAX_VARINT32 + room);
    // As if it were ASCII, as most are; a short one's length has one byte whatever it is.
    const lengthSize = value.length <= MAX_BYTE_LENGTH_TEXT ? 1 : varintSize(value.length);
    const start = at + lengthSize;
    const written = this.buffer.write(value, start);
    // What is longer than its characters is no ASCII. Half a character would silently become U+FFFD.
    if (written !== value.length && !value.isWellFormed()) refuseSurrogates(field);
    const shift = varintSize(written) - lengthSize;
    if (shift > 0) this.buffer.copyWithin(start + shift, start, start + written);
    putVarint(this.buffer, at, written);
    this.length = start + shift + written;
  }

  /**
   * Makes room for a field, and writes its tag.
   *
   * @returns Where the value comes.
   */
  private begin(tag: number, room: number): number {
    if (this.buffer.length - this.length < room) this.reserve(room);
    return putVarint(this.buffer, this.length, tag);
  }
}

/**
 * Writes a number of up to 32 bits that is not negative; there is room for it.
 *
 * @returns Where the next thing comes.
 */
function putVarint(buffer: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** The same with a number of 64 bits, whose halves may be signed or not. */
function putVarint64(buffer: Uint8Array, at: number, low: number, high: number): number {
  while (high !== 0) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  return putVarint(buffer, at, low >>> 0);
}

/** How many bytes a number of up to 32 bits takes. */
function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
