/** Largest message that a host accepts from a plugin, the default of grpc-go. A larger one fails its call. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Prefix of every message: one byte of flags, four bytes of length, big-endian. */
const PREFIX_BYTES = 5;

/** @returns The prefix of an uncompressed message. */
export function framePrefix(length: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(1, length);
  return prefix;
}

/**
 * Splits a stream of bytes into gRPC messages. A message that announces too many bytes is rejected before its bytes are
 * buffered.
 */
export class FrameDecoder {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #needed: number | undefined;

  constructor(limit: number = MAX_MESSAGE_BYTES) {
    this.#limit = limit;
  }

  /** True while part of a message is buffered. */
  get incomplete(): boolean {
    return this.#bytes > 0 || this.#needed !== undefined;
  }

  /** Adds bytes. Call {@link FrameDecoder.next} until it returns undefined. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /**
   * @returns The next complete message, or undefined if more bytes are needed.
   * @throws RangeError if a message is compressed or larger than the limit.
   */
  next(): Uint8Array | undefined {
    if (this.#needed === undefined) {
      if (this.#bytes < PREFIX_BYTES) return undefined;
      const prefix = this.#take(PREFIX_BYTES);
      const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getUint32(1);
      // The host offers no compression, so the plugin must not use any.
      if (prefix[0] !== 0) throw new RangeError(`a message has flags ${String(prefix[0])}, expected 0`);
      if (length > this.#limit) {
        throw new RangeError(`received message larger than max (${length} vs. ${this.#limit})`);
      }
      this.#needed = length;
    }
    if (this.#bytes < this.#needed) return undefined;
    const message = this.#take(this.#needed);
    this.#needed = undefined;
    return message;
  }

  #take(length: number): Uint8Array {
    this.#bytes -= length;
    const first = this.#pieces[0];
    if (first !== undefined && first.length >= length) {
      if (first.length === length) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const whole = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const part = piece.subarray(0, length - filled);
      whole.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    return whole;
  }
}
