import type { Readable, Writable } from "node:stream";
import { settlesWithin } from "./settles-within.js";

/** What is kept of a plugin's log: its end. */
const MAX_LOG_BYTES = 256 * 1024;

/** Takes what a plugin logs, so that it never waits for a reader. */
export class LogCollector {
  readonly #target: Writable | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #dropped = false;
  /** Counts what comes, so that a log that is still read can be told from one that is stuck. */
  #progress = 0;
  /** Resolves when every stream has ended, and the target has taken all of it. */
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

  /**
   * Waits for the end of the log, as long as something comes: a grandchild may hold
   * it open for ever, and say nothing.
   *
   * @param quietMs - Milliseconds without anything after which the wait ends.
   */
  async settled(quietMs: number): Promise<void> {
    for (let seen = -1; seen !== this.#progress;) {
      seen = this.#progress;
      if (await settlesWithin(this.ended, quietMs)) return;
    }
  }

  async #read(stream: Readable): Promise<void> {
    // What waits in the target's own buffer has not come out yet.
    let handed = 0;
    let written = 0;
    let closed = false;
    await new Promise<void>((resolve) => {
      stream.on("data", (piece: Buffer) => {
        this.#progress++;
        this.#keep(piece);
        const target = this.#target;
        if (target === undefined || target.destroyed) return;
        const room = target.write(piece, () => {
          this.#progress++;
          written++;
          if (closed && written === handed) resolve();
        });
        handed++;
        if (room) return;
        stream.pause();
        const go = (): void => {
          target.off("drain", go);
          target.off("close", go);
          this.#progress++;
          stream.resume();
        };
        target.on("drain", go);
        target.on("close", go);
      });
      stream.on("error", () => undefined);
      stream.on("close", () => {
        closed = true;
        if (written === handed) resolve();
      });
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
