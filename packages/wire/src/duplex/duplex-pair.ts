import { Duplex } from "node:stream";

/** The callback of a write. */
type Callback = (error?: Error | null) => void;

/**
 * One end of a pair that works like a socketpair: a write completes when the other end has read it, and ending one side
 * ends the input of the other.
 */
class End extends Duplex {
  peer: End | undefined;
  #taken: Callback | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  /** Receives a chunk. While this end does not read, the writer waits, as on a full pipe. */
  deliver(chunk: Buffer | null, taken: Callback): void {
    if (this.destroyed) taken(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    else if (this.push(chunk) || chunk === null) taken();
    else this.#taken = taken;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    // Copied, as a kernel does: the writer may reuse its buffer.
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

/**
 * Creates two connected duplexes: data written to one is read from the other. Unlike with Node's `stream.duplexPair`,
 * destroying one end ends the other on every version of Node, and written bytes are copied.
 */
export function duplexPair(): [Duplex, Duplex] {
  const one = new End();
  const other = new End();
  one.peer = other;
  other.peer = one;
  return [one, other];
}
