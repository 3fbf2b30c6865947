import { messageLength, PREFIX_LENGTH } from "@kloset/wire/grpc";

/** Keeps the last message of a request stream, by reference, so that a decoding error can be explained. */
export class LastMessage {
  readonly #prefix = Buffer.alloc(PREFIX_LENGTH);
  #prefixFilled = 0;
  #left = 0;
  #pieces: Uint8Array[] = [];

  /**
   * Splits a chunk at the ends of messages, so that no piece contains parts of two messages, and a reader has received
   * a whole message with its last piece.
   */
  *split(chunk: Buffer): Generator<Buffer> {
    let at = 0;
    let from = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        if (this.#prefixFilled === 0) this.#pieces = [];
        const taken = chunk.copy(this.#prefix, this.#prefixFilled, at, at + PREFIX_LENGTH - this.#prefixFilled);
        at += taken;
        this.#prefixFilled += taken;
        if (this.#prefixFilled < PREFIX_LENGTH) break;
        this.#prefixFilled = 0;
        this.#left = messageLength(this.#prefix);
      }
      const length = Math.min(this.#left, chunk.length - at);
      this.#pieces.push(chunk.subarray(at, at + length));
      this.#left -= length;
      at += length;
      if (this.#left > 0) break;
      yield chunk.subarray(from, at);
      from = at;
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }

  /** True if no message is incomplete. */
  get isWhole(): boolean {
    return this.#left === 0 && this.#prefixFilled === 0;
  }

  /** Returns the last message; undefined if it is incomplete. */
  bytes(): Uint8Array | undefined {
    return this.isWhole ? Buffer.concat(this.#pieces) : undefined;
  }
}
