import { Duplex } from "node:stream";
import type { Reads } from "./input.js";
import { OutputCheck } from "./output-check.js";

/** The number of writes that a host reads before it stops reading. */
const READS_AT_FIRST = 2;

/** The plugin's end of a connection whose other end is an input. */
export class Wire extends Duplex {
  readonly output = new OutputCheck();
  readonly #reads: Reads;
  #wantsMore: (() => void) | undefined;
  #writes = 0;
  #stuck = false;

  constructor(reads: Reads) {
    super({ allowHalfOpen: true });
    this.#reads = reads;
  }

  /** True if the host has left output unread. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /** Passes bytes to the plugin; settles when it reads more or has closed the connection. */
  async feed(bytes: Uint8Array): Promise<void> {
    // A copy, like a kernel's.
    if (this.destroyed || this.push(Buffer.from(bytes))) return;
    await new Promise<void>((resolve) => {
      this.#wantsMore = resolve;
    });
  }

  /** Disconnects the host. */
  leave(how: "end" | "destroy"): void {
    if (this.destroyed) return;
    if (how === "end") this.push(null);
    else this.destroy();
  }

  override _read(): void {
    this.#more();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.output.push(chunk);
    this.#writes++;
    if (this.#reads === "all") callback();
    else if (this.#reads === "slowly") setImmediate(callback);
    else if (this.#writes <= READS_AT_FIRST) callback();
    // The write stays pending until the connection ends.
    else this.#stuck = true;
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#more();
    callback(error);
  }

  #more(): void {
    const wake = this.#wantsMore;
    this.#wantsMore = undefined;
    wake?.();
  }
}
