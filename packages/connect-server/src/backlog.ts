import type { Duplex } from "node:stream";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";

/**
 * Counts the answers that were made and have not gone out. While the host does
 * not read at all and many wait, no more are made.
 *
 * As soon as something goes out again, all go on, however much waits: a host
 * that reads, but not these calls, must not lose the others with them.
 */
export class Backlog {
  readonly #wire: Duplex;
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  /** @param wire - The connection. {@link Backlog.look} has to be called when it has written. */
  constructor(wire: Duplex) {
    this.#wire = wire;
    wire.once("close", () => {
      this.look();
    });
  }

  /** An answer has to go out. @returns what to call when it has, or never will. */
  add(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      this.look();
    };
  }

  /** Waits until a further answer may be made, or is not wanted any more. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#isStuck() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  /** Lets those go on that wait, if they may. */
  look(): void {
    if (this.#waiting.size === 0 || this.#isStuck()) return;
    for (const wake of [...this.#waiting]) wake();
  }

  #isStuck(): boolean {
    return this.#bytes >= MAX_BACKLOG_BYTES && this.#wire.writableLength > 0 && !this.#wire.destroyed;
  }
}
