import { Duplex } from "node:stream";

/** The capacity of a pipe on Linux. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** Returns the two ends of a connection in memory, with the back-pressure of a pipe. */
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
