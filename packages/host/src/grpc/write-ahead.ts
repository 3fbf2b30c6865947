import { Duplex } from "node:stream";

/**
 * Bytes that may be in flight to the plugin before a writer has to wait. More than the HTTP/2 flow control windows
 * allow a host to send to a plugin that does not read: at most 16 MiB per connection in Node and grpc-go.
 */
const MAX_UNSENT_BYTES = 24 * 1024 * 1024;

/**
 * A transport that buffers everything that HTTP/2 flow control allows to be in flight, so that HTTP/2 never waits for
 * the plugin to read. Node's HTTP/2 does not read while its own writes are pending. A plugin on Node does the same, so
 * with the 64 KiB of a pipe both sides would wait for each other. Released hosts use grpc-go, which always reads.
 */
export class WriteAhead extends Duplex {
  readonly #transport: Duplex;

  /** @param transport - Owned by the new object. */
  constructor(transport: Duplex) {
    // The end of the plugin's output ends the connection.
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
    // Write errors are handled by the transport's "error" event.
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
