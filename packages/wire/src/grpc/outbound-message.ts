import { Code } from "./code.js";
import { StatusError } from "./status-error.js";
import { Writer } from "../codec/writer.js";
import { type MessageEncoder } from "../codec/message-codec.js";
import { PREFIX_LENGTH, writePrefix } from "./message-prefix.js";

/** Memory that the encoder keeps after a message; a larger buffer is released with its message. */
export const MAX_KEPT_BYTES = 1024 * 1024;

/** Where messages are encoded, one after the other: encoding never waits. */
const writer = new Writer();

/** One message of a response, with its prefix: what was written, and what stays where it is. */
export class OutboundMessage {
  #head: Buffer;
  readonly #headLength: number;
  readonly #tail: Uint8Array | undefined;
  readonly #tailLength: number;
  /** Whether the bytes of the message were taken away (transferred, resized) before they were copied. What was sent for them is no content. */
  isLost = false;
  readonly length: number;

  /**
   * Encodes a message. Its memory is shared until {@link OutboundMessage.keep}.
   *
   * @throws StatusError RESOURCE_EXHAUSTED when it is too long; what the codec throws.
   */
  constructor(codec: MessageEncoder, message: unknown, maxBytes: number) {
    writer.length = PREFIX_LENGTH;
    try {
      this.#tail = codec.encode(message, writer);
      this.#head = writer.buffer;
      this.#headLength = writer.length;
    } finally {
      // Of a message that had to be large, the memory goes with it.
      if (writer.buffer.length > MAX_KEPT_BYTES) writer.release();
    }
    this.#tailLength = this.#tail?.length ?? 0;
    this.length = this.#headLength + this.#tailLength;
    const length = this.length - PREFIX_LENGTH;
    if (length > maxBytes) {
      const text = `message size ${length} is larger than configured writeMaxBytes ${maxBytes}`;
      throw new StatusError(text, Code.ResourceExhausted);
    }
    writePrefix(this.#head, length);
  }

  /** Call it when the message has to wait: the next one is encoded in the same memory. */
  keep(): void {
    if (this.#head === writer.buffer) this.#head = Buffer.from(this.#head.subarray(0, this.#headLength));
  }

  copy(target: Uint8Array, targetStart: number, from: number, to: number): void {
    const headEnd = Math.min(to, this.#headLength);
    if (from < headEnd) this.#head.copy(target, targetStart, from, headEnd);
    if (to <= this.#headLength || this.#tail === undefined) return;
    const start = Math.max(from, this.#headLength);
    if (this.#tail.length !== this.#tailLength) {
      // The message's length is out already: it is filled up, and the call fails.
      this.isLost = true;
      target.fill(0, targetStart + start - from, targetStart + to - from);
      return;
    }
    target.set(this.#tail.subarray(start - this.#headLength, to - this.#headLength), targetStart + start - from);
  }
}
