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

/** Puts together the header block of a HEADERS frame and its CONTINUATIONs (RFC 9113, section 4.3), and decodes it. */
export class HeaderCollector {
  readonly #decoder = new HpackDecoder({
    maxTableBytes: HEADER_TABLE_BYTES,
    maxListBytes: MAX_HEADER_LIST_BYTES,
    maxFields: MAX_HEADER_FIELDS,
  });
  #parts: Buffer[] = [];
  #length = 0;

  /** The first part of a block, which goes on in CONTINUATION frames. Its memory is borrowed. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#parts = [Buffer.from(bytes.subarray(start, end))];
    this.#length = end - start;
  }

  /** A CONTINUATION frame; its memory is borrowed. @throws HostProtocolError when there are too many, or too much in them. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#length += end - start;
    // An empty one counts as any other.
    if (this.#parts.length > MAX_CONTINUATIONS || this.#length > MAX_HEADER_BLOCK_BYTES) {
      throw floodError("Too many CONTINUATION frames following a HEADER frame");
    }
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** The block that was collected is complete. As {@link HeaderCollector.decode}. */
  finish(): readonly HeaderField[] | undefined {
    const block = Buffer.concat(this.#parts.splice(0));
    return this.decode(block, 0, block.length);
  }

  /**
   * Decodes a block that is whole; its memory is borrowed.
   *
   * @returns undefined when the list is larger than a list may be.
   * @throws HostProtocolError COMPRESSION_ERROR when it can not be decoded.
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
