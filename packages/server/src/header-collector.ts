import { brokenProtocol, errorCode } from "@kloset/connection/serving";
import { floodError } from "./errors.js";
import { HpackDecoder, HpackError, type HeaderField } from "./hpack/index.js";
import { headerTableBytes, maxContinuations, maxHeaderBlockBytes, maxHeaderFields, maxHeaderListBytes } from "./limits.js";

/** Puts together the header block of a HEADERS frame and its CONTINUATIONs (RFC 9113, section 4.3), and decodes it. */
export class HeaderCollector {
  readonly #decoder = new HpackDecoder({ maxTableBytes: headerTableBytes, maxListBytes: maxHeaderListBytes, maxFields: maxHeaderFields });
  #parts: Buffer[] = [];
  #length = 0;
  #continuations = 0;
  /** The stream of the block. */
  stream = 0;
  endStream = false;
  dependsOnItself = false;
  /** Whether a block has begun and not ended. */
  isOpen = false;

  /** A HEADERS frame. */
  begin(stream: number, endStream: boolean, dependsOnItself: boolean): void {
    this.stream = stream;
    this.endStream = endStream;
    this.dependsOnItself = dependsOnItself;
    this.isOpen = true;
    this.#continuations = 0;
  }

  /** A part of the block; its memory is borrowed. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#length += end - start;
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** A CONTINUATION frame. @throws HostProtocolError when there are too many, or too much in them. */
  addContinuation(bytes: Uint8Array, start: number, end: number): void {
    this.#continuations += 1;
    if (this.#continuations > maxContinuations || this.#length + end - start > maxHeaderBlockBytes) {
      throw floodError("Too many CONTINUATION frames following a HEADER frame");
    }
    this.add(bytes, start, end);
  }

  /**
   * The block is complete.
   *
   * @returns undefined when the list is larger than a list may be.
   * @throws HostProtocolError COMPRESSION_ERROR when it can not be decoded.
   */
  finish(): readonly HeaderField[] | undefined {
    const [first] = this.#parts;
    const block = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.isOpen = false;
    try {
      const { fields, tooLarge } = this.#decoder.decode(block, 0, block.length);
      return tooLarge ? undefined : fields;
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw brokenProtocol(errorCode.compressionError, error.message);
    }
  }
}
