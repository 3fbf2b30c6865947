import { Code } from "./code.js";
import { StatusError } from "./status-error.js";
import { Writer } from "../codec/writer.js";
import { type MessageEncoder } from "../codec/message-codec.js";
import { PREFIX_LENGTH, writePrefix } from "./message-prefix.js";

/** The largest buffer that the encoder reuses for the next message. A larger one is freed with its message. */
export const MAX_KEPT_BYTES = 1024 * 1024;

/** Shared by all messages, because encoding is synchronous. */
const writer = new Writer();

/** One message of a response, with its prefix: an encoded head, and a tail that stays in the message's own memory. */
export class OutboundMessage {
  #head: Buffer;
  readonly #headLength: number;
  readonly #tail: Uint8Array | undefined;
  readonly #tailLength: number;
  /** True if the tail's memory was transferred or resized before it was copied: zeros were sent in its place. */
  isLost = false;
  readonly length: number;

  /**
   * Encodes a message. Its memory is shared until {@link OutboundMessage.keep} is called.
   *
   * @throws StatusError RESOURCE_EXHAUSTED if the message is too long; any error of the codec.
   */
  constructor(codec: MessageEncoder, message: unknown, maxBytes: number) {
    writer.length = PREFIX_LENGTH;
    try {
      this.#tail = codec.encode(message, writer);
      this.#head = writer.buffer;
      this.#headLength = writer.length;
    } finally {
      // A large buffer is left to its message.
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

  /** Copies the head. Call this if the message has to wait: the next one is encoded in the same buffer. */
  keep(): void {
    if (this.#head === writer.buffer) this.#head = Buffer.from(this.#head.subarray(0, this.#headLength));
  }

  /** Copies the bytes from `from` to `to` into the target. */
  copy(target: Uint8Array, targetStart: number, from: number, to: number): void {
    const headEnd = Math.min(to, this.#headLength);
    if (from < headEnd) this.#head.copy(target, targetStart, from, headEnd);
    if (to <= this.#headLength || this.#tail === undefined) return;
    const start = Math.max(from, this.#headLength);
    if (this.#tail.length !== this.#tailLength) {
      // The length has been sent already: fill up with zeros, and fail the call.
      this.isLost = true;
      target.fill(0, targetStart + start - from, targetStart + to - from);
      return;
    }
    target.set(this.#tail.subarray(start - this.#headLength, to - this.#headLength), targetStart + start - from);
  }
}
