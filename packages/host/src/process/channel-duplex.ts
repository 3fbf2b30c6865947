import { Duplex, type Readable, type Writable } from "node:stream";

/** What is kept for a reader after the plugin's input was ended; the rest is dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * One duplex over the two ends of a plugin's channel: what is written reaches
 * the plugin's input, what is read comes from its output. Both directions wait
 * for the slower side.
 */
export class ChannelDuplex extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;
  #outputEnded = false;

  /**
   * @param input - What the plugin writes.
   * @param output - What the plugin reads. May be the same socket.
   */
  constructor(input: Readable, output: Writable) {
    // The plugin's end of output is the end of the connection.
    super({ allowHalfOpen: false });
    this.#input = input;
    this.#output = output;
    input.on("data", (chunk: Buffer) => {
      if (this.#outputEnded && this.readableLength > MAX_UNREAD_BYTES) return;
      if (!this.push(chunk) && !this.#outputEnded) input.pause();
    });
    input.on("end", () => {
      this.push(null);
    });
    input.pause();
    const fail = (error: Error): void => {
      this.destroy(error);
    };
    input.on("error", fail);
    // The plugin has closed its input; its last words may still be under way, and the end of its output tells.
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") fail(error);
      this.#outputEnded = true;
    });
    input.on("close", () => {
      if (!this.readableEnded) this.push(null);
    });
  }

  /** Ends the plugin's input, and reads on. What is written from now on is dropped. */
  endPluginInput(): void {
    if (this.#outputEnded) return;
    this.#outputEnded = true;
    this.#output.end();
    // Nobody may be reading any more, and the plugin must not wait for a reader.
    this.#input.resume();
  }

  override _read(): void {
    this.#input.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#outputEnded || this.#output.destroyed) {
      done();
      return;
    }
    // An error is told by the output's own event; see there why a broken pipe is none.
    this.#output.write(chunk, () => {
      done();
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.endPluginInput();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#outputEnded = true;
    this.#input.destroy();
    this.#output.destroy();
    done(error);
  }
}
