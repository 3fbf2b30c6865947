import type { Readable, Writable } from "node:stream";

/** What is kept of a plugin's log: its end. */
const MAX_LOG_BYTES = 256 * 1024;

/** Takes what a plugin logs, so that it never waits for a reader. */
export class LogCollector {
  readonly #target: Writable | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #dropped = false;
  /** Resolves when every stream has ended. */
  readonly ended: Promise<void>;

  /** @param target - Where to copy to; it slows the plugin down when it is slow itself. */
  constructor(streams: readonly Readable[], target?: Writable) {
    this.#target = target;
    this.ended = Promise.all(streams.map((stream) => this.#read(stream))).then(() => undefined);
  }

  /** @returns The last 256 KiB at most, beginning with "…" when there was more. */
  text(): string {
    const text = Buffer.concat(this.#pieces).toString("utf8");
    return this.#dropped ? `…${text}` : text;
  }

  async #read(stream: Readable): Promise<void> {
    await new Promise<void>((resolve) => {
      stream.on("data", (piece: Buffer) => {
        this.#keep(piece);
        const target = this.#target;
        if (target === undefined || target.destroyed || target.write(piece)) return;
        stream.pause();
        const go = (): void => {
          target.off("drain", go);
          target.off("close", go);
          stream.resume();
        };
        target.on("drain", go);
        target.on("close", go);
      });
      stream.on("error", () => undefined);
      stream.on("close", resolve);
    });
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes > MAX_LOG_BYTES) {
      const first = this.#pieces[0];
      if (first === undefined) return;
      const excess = this.#bytes - MAX_LOG_BYTES;
      this.#dropped = true;
      if (first.length > excess) {
        this.#pieces[0] = first.subarray(excess);
        this.#bytes -= excess;
      } else {
        this.#pieces.shift();
        this.#bytes -= first.length;
      }
    }
  }
}
