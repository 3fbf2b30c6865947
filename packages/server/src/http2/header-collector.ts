import { brokenProtocol, errorCode } from "@kloset/wire/http2";
import { floodError } from "./errors.js";
import { HpackDecoder, HpackError, type HeaderField } from "./hpack/index.js";
import {
  HEADER_TABLE_BYTES,
  MAX_CONTINUATIONS,
  MAX_HEADER_BLOCK_BYTES,
  MAX_HEADER_FIELDS,
  MAX_HEADER_LIST_BYTES,
} from "../limits.js";

/** Joins the header block of a HEADERS frame and its CONTINUATION frames (RFC 9113, section 4.3), and decodes it. */
export class HeaderCollector {
  readonly #decoder = new HpackDecoder({
    maxTableBytes: HEADER_TABLE_BYTES,
    maxListBytes: MAX_HEADER_LIST_BYTES,
    maxFields: MAX_HEADER_FIELDS,
  });
  #parts: Buffer[] = [];
  #length = 0;

  /** Begins a block that continues in CONTINUATION frames. The memory is borrowed. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#parts = [Buffer.from(bytes.subarray(start, end))];
    this.#length = end - start;
  }

  /** Adds a CONTINUATION frame; its memory is borrowed. @throws HostProtocolError after too many frames or bytes. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#length += end - start;
    // Empty frames count as well.
    if (this.#parts.length > MAX_CONTINUATIONS || this.#length > MAX_HEADER_BLOCK_BYTES) {
      throw floodError("Too many CONTINUATION frames following a HEADER frame");
    }
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** Decodes the collected block, like {@link HeaderCollector.decode}. */
  finish(): readonly HeaderField[] | undefined {
    const block = Buffer.concat(this.#parts.splice(0));
    return this.decode(block, 0, block.length);
  }

  /**
   * Decodes a complete block; its memory is borrowed.
   *
   * @returns undefined when the list exceeds the limits.
   * @throws HostProtocolError COMPRESSION_ERROR when the block cannot be decoded.
   */
  decode(block: Uint8Array, start: number, end: number): readonly HeaderField[] | undefined {
    try {
      const { fields, tooLarge } = this.#decoder.decode(block, start, end);
      return tooLarge ? undefined : fields;
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw brokenProtocol(errorCode.compressionError, error.message);
    }
  }
}
