import { messageLength, PREFIX_LENGTH } from "@kloset/wire/grpc";

/**
 * Remembers the message of a request stream that was handed on last, by
 * reference, so that one which can not be read can be looked into.
 */
export class LastMessage {
  readonly #prefix = Buffer.alloc(PREFIX_LENGTH);
  #prefixFilled = 0;
  #left = 0;
  #pieces: Uint8Array[] = [];

  /**
   * Takes a chunk apart where messages end: readers take a message when its last
   * piece comes, and never two from one piece.
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

  /** Whether nothing of a further message has come. */
  get isWhole(): boolean {
    return this.#left === 0 && this.#prefixFilled === 0;
  }

  /** The message; undefined when it has not come to its end. */
  bytes(): Uint8Array | undefined {
    return this.isWhole ? Buffer.concat(this.#pieces) : undefined;
  }
}
