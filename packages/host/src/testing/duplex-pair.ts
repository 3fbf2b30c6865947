import { Duplex } from "node:stream";

class PairedDuplex extends Duplex {
  other: PairedDuplex | undefined;
  tap: ((chunk: Buffer) => void) | undefined;
  #written: (() => void) | undefined;

  override _read(): void {
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.tap?.(chunk);
    if (this.other?.destroyed !== false) done();
    else if (this.other.push(chunk)) setImmediate(done);
    else this.other.#written = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { other } = this;
    this._read();
    if (other !== undefined && !other.destroyed && !other.readableEnded) other.push(null);
    done(error);
  }
}

/**
 * Two duplexes: what is written to one is read from the other.
 *
 * @param tap - Sees what is written to the first.
 */
export function duplexPair(tap?: (chunk: Buffer) => void): [Duplex, Duplex] {
  const one = new PairedDuplex({ allowHalfOpen: false });
  const two = new PairedDuplex({ allowHalfOpen: false });
  one.other = two;
  one.tap = tap;
  two.other = one;
  return [one, two];
}
