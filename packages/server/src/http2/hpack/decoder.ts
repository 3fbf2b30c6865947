import { DynamicTable, fieldSize } from "./dynamic-table.js";
import { HpackError } from "./hpack-error.js";
import { decodeHuffman } from "./huffman.js";
import { staticTable, type HeaderField } from "./static-table.js";

/** The limits of a header list. */
export interface HpackLimits {
  /** The largest dynamic table that the peer may ask for: SETTINGS_HEADER_TABLE_SIZE. */
  readonly maxTableBytes: number;
  /** The largest size of a list, counted as in RFC 9113, section 6.5.2. */
  readonly maxListBytes: number;
  readonly maxFields: number;
}

/** A decoded block. */
export interface HeaderList {
  /** The fields in order; if `tooLarge`, only those within the limits. */
  readonly fields: readonly HeaderField[];
  /** True when the list exceeds the limits. The table stays correct. */
  readonly tooLarge: boolean;
}

/** The largest index, length or size that is accepted. */
const MAX_INTEGER = 0xfff_ffff;

/** Decodes the header blocks of one direction of a connection, in order (RFC 7541). */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  readonly #table: DynamicTable;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  constructor(limits: HpackLimits) {
    this.#limits = limits;
    this.#table = new DynamicTable(limits.maxTableBytes);
  }

  /** @throws HpackError when the block is malformed; the connection must end then. */
  decode(block: Uint8Array, start: number, end: number): HeaderList {
    this.#bytes = Buffer.isBuffer(block) ? block : Buffer.from(block.buffer, block.byteOffset, block.length);
    this.#at = start;
    this.#end = end;
    const fields: HeaderField[] = [];
    let size = 0;
    let tooLarge = false;
    let hasFields = false;
    while (this.#at < this.#end) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        // RFC 7541, section 4.2: only at the beginning of a block.
        if (hasFields) throw new HpackError("a table size update behind a field");
        this.#resize();
        continue;
      }
      hasFields = true;
      const field = this.#field(first);
      size += fieldSize(field);
      // Decode to the end regardless: the table has to stay in step.
      tooLarge ||= size > this.#limits.maxListBytes || fields.length >= this.#limits.maxFields;
      if (!tooLarge) fields.push(field);
    }
    return { fields, tooLarge };
  }

  #field(first: number): HeaderField {
    // RFC 7541, section 6.1.
    if ((first & 0x80) !== 0) return this.#indexed(this.#integer(7));
    // Section 6.2.1: with indexing; 6.2.2 and 6.2.3: without, or never indexed.
    const isIndexed = (first & 0x40) !== 0;
    const index = this.#integer(isIndexed ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#indexed(index)[0];
    const field: HeaderField = [name, this.#string()];
    if (isIndexed) this.#table.add(field);
    return field;
  }

  /** RFC 7541, section 2.3.3. */
  #indexed(index: number): HeaderField {
    const field = index <= staticTable.length ? staticTable[index - 1] : this.#table.at(index - staticTable.length - 1);
    if (field === undefined) throw new HpackError(`there is no entry ${index}`);
    return field;
  }

  #resize(): void {
    const size = this.#integer(5);
    if (size > this.#limits.maxTableBytes) throw new HpackError(`a table of ${size} bytes`);
    this.#table.resize(size);
  }

  /** RFC 7541, section 5.1. */
  #integer(prefixBits: number): number {
    const max = (1 << prefixBits) - 1;
    let value = (this.#bytes[this.#at] ?? 0) & max;
    this.#at += 1;
    if (value < max) return value;
    for (let factor = 1; ; factor *= 0x80) {
      if (this.#at >= this.#end) throw new HpackError("the block ends within a number");
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      // Checked for each byte, to reject an endless run of zeros too.
      if (value > MAX_INTEGER || factor > MAX_INTEGER) throw new HpackError("a number that is too large");
      if ((byte & 0x80) === 0) return value;
    }
  }

  /** RFC 7541, section 5.2. */
  #string(): string {
    if (this.#at >= this.#end) throw new HpackError("the block ends before a string");
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw new HpackError("the block ends within a string");
    this.#at = end;
    if (isHuffman) return decodeHuffman(this.#bytes, start, end);
    return this.#bytes.toString("latin1", start, end);
  }
}
