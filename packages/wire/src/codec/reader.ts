import { assertUtf8, Malformed } from "./malformed.js";
import { signed64, unsigned64, halves64 } from "./uint64-halves.js";

/** The names of a message's fields, indexed by field number. */
export type FieldNames = Readonly<Record<number, string | undefined>>;

/** The content of a field: a varint, text, or a message with fields of its own; undefined for an unknown field. */
type PlainField = "varint" | "text" | PlainFields | undefined;

/** The content of a message's fields, indexed by field number: see {@link Reader.passes}. */
export type PlainFields = readonly PlainField[];

/** The longest varint, in bytes, that is valid whatever its bits. */
const MAX_PLAIN_VARINT = 9;

/** The deepest nesting of skipped groups: each level takes stack. */
const MAX_SKIPPED_DEPTH = 99;

/** The longest varint, in bytes. */
const MAX_VARINT = 10;

/** Up to this length a loop decodes a string faster than Node's own function, because no call into C++ is needed. */
const MAX_LOOPED_TEXT = 12;

/** From this length on, Node's memory, which is not zeroed, is allocated faster than the engine's. */
const MIN_UNFILLED_LENGTH = 2048;

const codes = Array.from({ length: MAX_LOOPED_TEXT + 1 }, (_, length) => new Array<number>(length).fill(0));

/** The value of an absent `bytes` field. It is shared, which is safe because it is empty. */
export const noBytes: Uint8Array = new Uint8Array(0);

const nothing = Buffer.alloc(0);

/** Copies bytes to memory of their own. */
function copyOf(bytes: Uint8Array): Uint8Array {
  // The engine allocates small arrays fast, but zeroes large ones first.
  const { length } = bytes;
  const memory = length < MIN_UNFILLED_LENGTH ? new Uint8Array(length) : unfilled(length);
  memory.set(bytes);
  return memory;
}

function unfilled(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/**
 * The source that generated decoders read from. All decoders share one: decoding is synchronous and calls no foreign
 * code. Every method throws {@link Malformed} for invalid bytes.
 */
export class Reader {
  /** The offset of the next byte. */
  position = 0;
  /** The end of the current message. */
  end = 0;
  /** True while fields without a reader are left out. */
  private leavesOut = false;
  /** The memory that holds the message. */
  buffer: Buffer = nothing;
  private isBorrowed = false;

  /** Starts to read `bytes[start, end)`. */
  begin(bytes: Uint8Array, start: number, end: number, isBorrowed: boolean): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`bytes ${start} to ${end} are not within a buffer of ${bytes.length}`);
    }
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.end = end;
    this.isBorrowed = isBorrowed;
    this.leavesOut = false;
  }

  /** Reads a message and leaves out the fields without a reader: see {@link passes}. */
  leavingOut<Message>(read: (reader: this) => Message): Message {
    this.leavesOut = true;
    return read(this);
  }

  /** Drops the reference to the memory. */
  release(): void {
    this.buffer = nothing;
  }

  /** Reads a field's number and wire type. */
  tag(): number {
    const { position } = this;
    const first = this.buffer[position] as number;
    if (first > 0x7f) return this.longTag();
    this.position = position + 1;
    return first;
  }

  /** Reads a `bool`. */
  bool(): boolean {
    const low = this.varint();
    return low !== 0 || this.high !== 0;
  }

  /** Reads an `int32` or an enum value. */
  int32(): number {
    return this.varint() | 0;
  }

  /** Reads a `uint32`. */
  uint32(): number {
    return this.varint();
  }

  /** Reads an `int64`. */
  int64(): bigint {
    const low = this.varint();
    if (this.high === 0) return low === 0 ? 0n : BigInt(low);
    halves64.set(low, this.high);
    return signed64[0] as bigint;
  }

  /** Reads a `uint64`. */
  uint64(): bigint {
    const low = this.varint();
    if (this.high === 0) return low === 0 ? 0n : BigInt(low);
    halves64.set(low, this.high);
    return unsigned64[0] as bigint;
  }

  /** Reads a `string`. */
  string(): string {
    const length = this.length();
    const { buffer, position: start } = this;
    const end = start + length;
    this.position = end;
    if (length <= MAX_LOOPED_TEXT) {
      if (length === 0) return "";
      const text = codes[length] as number[];
      let every = 0;
      for (let i = 0; i < length; i++) {
        const byte = buffer[start + i] as number;
        every |= byte;
        text[i] = byte;
      }
      if (every < 0x80) return String.fromCharCode(...text);
    }
    const text = buffer.toString("utf8", start, end);
    if (text.includes("\ufffd")) assertUtf8(buffer.subarray(start, end));
    return text;
  }

  /** Reads `bytes`. */
  bytes(): Uint8Array {
    const length = this.length();
    if (length === 0) return noBytes;
    const { buffer, position: start } = this;
    this.position = start + length;
    // Not a Buffer: its slice() does not copy, unlike that of the declared type.
    const view = new Uint8Array(buffer.buffer, buffer.byteOffset + start, length);
    return this.isBorrowed ? copyOf(view) : view;
  }

  /**
   * Enters a field that is a message, and sets {@link end} to the end of that message.
   *
   * @returns The end of the outer message, for {@link leave}.
   */
  enter(): number {
    const length = this.length();
    const { end } = this;
    this.end = this.position + length;
    return end;
  }

  /** Leaves a field that is a message. */
  leave(end: number): void {
    this.end = end;
  }

  /**
   * Skips a message without a reader if it is clearly well-formed, as nearly all are: known fields only, varints of
   * the usual length, short ASCII strings.
   *
   * @returns false if the message must be decoded, if only to find out whether it is malformed.
   */
  passes(fields: PlainFields): boolean {
    if (!this.leavesOut || !this.isPlain(fields, this.position, this.end)) return false;
    this.position = this.end;
    return true;
  }

  private isPlain(fields: PlainFields, start: number, end: number): boolean {
    const { buffer } = this;
    let at = start;
    while (at < end) {
      const tag = buffer[at++] as number;
      if (tag > 0x7f) return false;
      const field = fields[tag >>> 3];
      if (field === "varint") {
        const first = at;
        while (at < end && (buffer[at] as number) > 0x7f) at++;
        if ((tag & 7) !== 0 || at >= end || at - first >= MAX_PLAIN_VARINT) return false;
        at++;
        continue;
      }
      if (field === undefined || (tag & 7) !== 2 || at >= end) return false;
      const length = buffer[at++] as number;
      const stop = at + length;
      if (length > 0x7f || stop > end) return false;
      if (field === "text") {
        while (at < stop) if ((buffer[at++] as number) > 0x7f) return false;
      } else if (!this.isPlain(field, at, stop)) return false;
      at = stop;
    }
    return true;
  }

  /** Reads an entry of a `map<string, string>`. */
  stringMapEntry(map: Record<string, string>): void {
    const end = this.enter();
    let key = "";
    let value = "";
    while (this.position < this.end) {
      const tag = this.tag();
      if (tag === 0x0a) key = this.string();
      else if (tag === 0x12) value = this.string();
      else if (tag >>> 3 === 1 || tag >>> 3 === 2) this.wrongWireType(tag);
      else this.skip(tag, MAX_SKIPPED_DEPTH);
    }
    this.leave(end);
    // A plain assignment to __proto__ would not create a key.
    if (key === "__proto__")
      Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
    else map[key] = value;
  }

  /**
   * Moves past bytes of a fixed length.
   *
   * @returns The offset of the first one in {@link buffer}.
   */
  take(length: number): number {
    const { position } = this;
    this.position += length;
    if (this.position > this.end) throw new Malformed("premature EOF");
    return position;
  }

  /** Skips an unknown field. Throws if the field is known: its wire type is wrong then. */
  unknown(tag: number, names: FieldNames): void {
    if (names[tag >>> 3] !== undefined) this.wrongWireType(tag);
    this.skip(tag, MAX_SKIPPED_DEPTH);
  }

  /** Adds the current field to the path of a {@link Malformed}; returns any other error as it is. */
  blame(error: unknown, tag: number, names: FieldNames): unknown {
    if (error instanceof Malformed) error.within(names[tag >>> 3]);
    return error;
  }

  private wrongWireType(tag: number): never {
    throw new Malformed(`has the wrong wire type ${tag & 7}`, true);
  }

  private skip(tag: number, depth: number): void {
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0 || wireType > 5) throw new Malformed(`illegal tag: field no ${number} wire type ${wireType}`);
    switch (wireType) {
      case 0:
        this.varint();
        break;
      case 1:
        this.take(8);
        break;
      case 2:
        this.take(this.length());
        break;
      case 3:
        this.skipGroup(number, depth);
        break;
      case 5:
        this.take(4);
        break;
      default:
        throw new Malformed(`cant skip wire type ${wireType}`);
    }
  }

  private skipGroup(number: number, depth: number): void {
    if (depth <= 0) throw new Malformed("maximum recursion depth reached");
    for (;;) {
      if (this.position >= this.end) throw new Malformed("premature EOF");
      const tag = this.tag();
      if ((tag & 7) === 4 && tag >>> 3 !== 0) {
        if (tag >>> 3 !== number) throw new Malformed("invalid end group tag");
        return;
      }
      this.skip(tag, depth - 1);
    }
  }

  /** Reads a length, and checks that the message has that many bytes left. */
  private length(): number {
    const length = this.varint();
    if (this.high !== 0 || length > this.end - this.position) throw new Malformed("premature EOF");
    return length;
  }

  /** The upper 32 bits of the last varint. */
  private high = 0;

  /** Reads a varint of up to 64 bits, and returns its low 32 bits. */
  private varint(): number {
    const { position } = this;
    if (position >= this.end) throw new Malformed("premature EOF");
    const first = this.buffer[position] as number;
    this.high = 0;
    if (first > 0x7f) return this.longVarint();
    this.position = position + 1;
    return first;
  }

  private longVarint(): number {
    const { buffer, end, position: start } = this;
    let low = 0;
    let high = 0;
    for (let i = 0; i < MAX_VARINT; i++) {
      if (start + i >= end) throw new Malformed("premature EOF");
      const byte = buffer[start + i] as number;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        // The tenth byte may carry one bit only.
        if (i === MAX_VARINT - 1 && byte > 1) break;
        this.position = start + i + 1;
        // Signed, because the engine handles that faster.
        this.high = high | 0;
        return low >>> 0;
      }
    }
    throw new Malformed("invalid varint");
  }

  private longTag(): number {
    const start = this.position;
    const tag = this.longVarint();
    if (this.high !== 0 || this.position - start > MAX_VARINT / 2)
      throw new Malformed("illegal tag: varint overflows uint32");
    return tag;
  }
}
