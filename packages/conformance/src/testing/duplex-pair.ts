import { Duplex } from "node:stream";

/**
 * What fits between the two ends. More than HTTP/2's windows let through: Node's
 * HTTP/2 does not read while what it has written is not taken, so with less room
 * two ends that both write would wait for each other.
 */
const MAX_UNREAD_BYTES = 24 * 1024 * 1024;

/** Two ends of a connection in memory. Both wait for the slower one, as pipes do. */
export function duplexPair(): [Duplex, Duplex] {
  const left = new End();
  const right = new End();
  left.other = right;
  right.other = left;
  return [left, right];
}

class End extends Duplex {
  other: End | undefined;
  #resume: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true });
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.other?.receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    if (other !== undefined && !other.readableEnded && !other.destroyed) other.push(null);
    this._read();
    done(error);
  }

  receive(chunk: Buffer, done: () => void): void {
    if (!this.destroyed) this.push(chunk);
    if (this.destroyed || this.readableLength <= MAX_UNREAD_BYTES) done();
    else this.#resume = done;
  }
}
