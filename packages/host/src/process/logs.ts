import type { Readable, Writable } from "node:stream";
import { settlesWithin } from "@kloset/wire/async";

/** Size of the end of the log that is kept. */
const MAX_LOG_BYTES = 256 * 1024;

/** Reads a plugin's log, so that the plugin never waits for a reader. Keeps the end of it. */
export class LogCollector {
  readonly #target: Writable | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #dropped = false;
  /** Increases with every event, to distinguish a log that is still read from one that is stuck. */
  #progress = 0;
  /** Resolves when every stream has ended and the target has written all of it. */
  readonly ended: Promise<void>;

  /** @param target - Receives a copy of the log. A slow target slows down the plugin. */
  constructor(streams: readonly Readable[], target?: Writable) {
    this.#target = target;
    this.ended = Promise.all(streams.map((stream) => this.#read(stream))).then(() => undefined);
  }

  /** Returns at most the last 256 KiB, after "…" if the log was longer. */
  text(): string {
    const text = Buffer.concat(this.#pieces).toString("utf8");
    return this.#dropped ? `…${text}` : text;
  }

  /**
   * Waits for the end of the log, as long as it makes progress. A process that the plugin started may keep the log open
   * indefinitely.
   *
   * @param quietMs - Milliseconds without progress after which to stop waiting.
   */
  async settled(quietMs: number): Promise<void> {
    for (let seen = -1; seen !== this.#progress;) {
      seen = this.#progress;
      if (await settlesWithin(this.ended, quietMs)) return;
    }
  }

  async #read(stream: Readable): Promise<void> {
    // The target may have buffered chunks that are not yet written.
    let passed = 0;
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
          if (closed && written === passed) resolve();
        });
        passed++;
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
        if (written === passed) resolve();
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
