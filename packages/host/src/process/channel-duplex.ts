import { Duplex, type Readable, type Writable } from "node:stream";

/** Bytes buffered for a reader after the plugin's input was ended. The rest is discarded. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * Combines both directions of a plugin's channel: writes to the plugin's input, and reads from its output, with
 * back-pressure.
 */
export class ChannelDuplex extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;
  #outputEnded = false;

  /**
   * @param input - The plugin's output.
   * @param output - The plugin's input. May be the same socket.
   */
  constructor(input: Readable, output: Writable) {
    // The end of the plugin's output ends the connection.
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
    // A broken pipe means that the plugin has closed its input. Its last output may still arrive, so wait for the end
    // of it.
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") fail(error);
      this.#outputEnded = true;
    });
    input.on("close", () => {
      if (!this.readableEnded) this.push(null);
    });
  }

  /** Ends the plugin's input, and continues to read. Later writes are discarded. */
  endPluginInput(): void {
    if (this.#outputEnded) return;
    this.#outputEnded = true;
    this.#output.end();
    // The plugin must not wait for a reader, and there may no longer be one.
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
    // Write errors are handled by the "error" listener of the output.
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
