import { Duplex } from "node:stream";

/** What arrives at one end, and when it was taken. */
type Callback = (error?: Error | null) => void;

/**
 * Two duplexes, each the other's far end, as a socketpair: a write is done when
 * the far end has taken it, the end of one is the end of input of the other.
 */
class End extends Duplex {
  peer: End | undefined;
  #taken: Callback | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  /** A far end that does not read keeps the callback, as a full pipe does. */
  deliver(chunk: Buffer | null, taken: Callback): void {
    if (this.destroyed) taken(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    else if (this.push(chunk) || chunk === null) taken();
    else this.#taken = taken;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    // A copy, as a kernel makes: the writer may use its buffer again.
    process.nextTick(() => this.peer?.deliver(Buffer.from(chunk), callback));
  }

  override _final(callback: Callback): void {
    process.nextTick(() => this.peer?.deliver(null, () => undefined));
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const { peer } = this;
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    if (peer !== undefined && !peer.destroyed && !peer.readableEnded) {
      process.nextTick(() => {
        if (!peer.destroyed) peer.push(null);
      });
    }
    callback(error);
  }
}

/** Makes a pair; what is written to one is read from the other. */
export function duplexPair(): [Duplex, Duplex] {
  const one = new End();
  const other = new End();
  one.peer = other;
  other.peer = one;
  return [one, other];
}
