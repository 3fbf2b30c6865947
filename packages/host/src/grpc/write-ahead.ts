import { Duplex } from "node:stream";

/**
 * What may be on its way to the plugin before a writer has to wait. Above what
 * HTTP/2's windows let a host send to a plugin that does not read (16 MiB on a
 * connection, as Node and grpc-go have it at the most).
 */
const MAX_UNSENT_BYTES = 24 * 1024 * 1024;

/**
 * A transport on which HTTP/2 need not wait for the plugin to read: there is room
 * for all that it may have under way. Node's HTTP/2 does not read while what it
 * has written has not left. A plugin on Node does the same, and with a pipe's
 * 64 KiB each would wait for the other. Released hosts, on grpc-go, read always.
 */
export class WriteAhead extends Duplex {
  readonly #transport: Duplex;

  /** @param transport - Belongs to this from now on. */
  constructor(transport: Duplex) {
    // The plugin's end of output is the end of the connection.
    super({ allowHalfOpen: false });
    this.#transport = transport;
    transport.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) transport.pause();
    });
    transport.pause();
    transport.on("end", () => {
      this.push(null);
    });
    transport.on("error", (error: Error) => {
      this.destroy(error);
    });
    transport.on("close", () => {
      if (!this.readableEnded) this.push(null);
    });
    if (transport.destroyed) this.push(null);
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#transport.destroyed) {
      done();
      return;
    }
    // An error is told by the transport's own event.
    const hasRoom = this.#transport.writableLength + chunk.length <= MAX_UNSENT_BYTES;
    this.#transport.write(chunk, () => {
      if (!hasRoom) done();
    });
    if (hasRoom) done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#transport.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#transport.destroy();
    done(error);
  }
}
