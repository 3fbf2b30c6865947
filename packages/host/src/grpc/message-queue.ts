import type { MessageDecoder } from "@kloset/wire/codec";
import { InboundMessages, MAX_MESSAGE_BYTES, type RefusalTexts } from "@kloset/wire/grpc";

/** Bytes that are split into messages at a time, so that a flood of empty messages is not queued at once. */
const STEP_BYTES = 16 * 1024;

/** Leaves messages encoded: the call decodes each when the caller asks for it. Pieces are never reused. */
const encoded: MessageDecoder<Uint8Array> = {
  typeName: "bytes",
  decode: (bytes, start, end) => bytes.subarray(start, end),
};

/** As grpc-go reports them. */
const texts: RefusalTexts = {
  tooLong: (length, maxBytes) => `received message larger than max (${length} vs. ${maxBytes})`,
  // The host offers no compression, so the plugin must not use any.
  wrongFlags: (flags) => `a message has flags ${flags}, expected 0`,
};

/**
 * Splits a stream of bytes into gRPC messages, which the consumer takes one at a time. A message that announces too
 * many bytes is rejected before its bytes are buffered.
 */
export class MessageQueue {
  readonly #inbound: InboundMessages;
  /** The bytes that have not been split into messages. */
  #pieces: Uint8Array[] = [];
  #messages: Uint8Array[] = [];
  /** Index of the next message. */
  #taken = 0;
  #refusal: string | undefined;

  constructor(maxBytes: number = MAX_MESSAGE_BYTES) {
    const events = {
      onMessage: (message: unknown) => {
        this.#messages.push(message as Uint8Array);
      },
      onError: ({ rawMessage }: { readonly rawMessage: string }) => {
        this.#refusal = rawMessage;
      },
    };
    // A budget of its own, because a call collects one message of at most `maxBytes` at a time.
    this.#inbound = new InboundMessages(encoded, maxBytes, { allocatedBytes: 0 }, events, texts);
  }

  /** True if no part of a message is buffered. */
  get isWhole(): boolean {
    return this.#taken === this.#messages.length && this.#pieces.length === 0 && this.#inbound.isWhole;
  }

  /** Adds bytes, which must not change afterwards. Call {@link MessageQueue.next} until it returns undefined. */
  push(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece);
  }

  /**
   * @returns The next complete message, or undefined if more bytes are needed.
   * @throws RangeError if a message is compressed or larger than the limit. The messages before it are returned first.
   */
  next(): Uint8Array | undefined {
    for (;;) {
      const message = this.#messages[this.#taken];
      if (message !== undefined) {
        this.#taken++;
        return message;
      }
      this.#messages = [];
      this.#taken = 0;
      if (this.#refusal !== undefined) throw new RangeError(this.#refusal);
      const piece = this.#pieces.shift();
      if (piece === undefined) return undefined;
      if (piece.length > STEP_BYTES) this.#pieces.unshift(piece.subarray(STEP_BYTES));
      this.#inbound.read(piece, 0, Math.min(piece.length, STEP_BYTES));
    }
  }
}
