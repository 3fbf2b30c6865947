import type { Duplex } from "node:stream";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";

/**
 * Counts response bytes that have not been sent yet. While the backlog is large and the host reads nothing at all,
 * calls wait before they produce more.
 *
 * As soon as any bytes are sent, all calls continue, whatever the size of the backlog: a host that ignores some calls
 * but reads others must still receive those others.
 */
export class Backlog {
  readonly #connection: Duplex;
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  /** @param connection - The connection to the host. Call {@link Backlog.recheck} whenever it has written. */
  constructor(connection: Duplex) {
    this.#connection = connection;
    connection.once("close", () => {
      this.recheck();
    });
  }

  /**
   * Adds response bytes that are about to be sent.
   *
   * @returns a function to call when they have been sent, or can no longer be sent.
   */
  add(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      this.recheck();
    };
  }

  /** Waits until another response may be produced, or until the call is aborted. */
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

  /** Resumes waiting calls if the connection is no longer blocked. */
  recheck(): void {
    if (this.#waiting.size === 0 || this.#isStuck()) return;
    for (const wake of [...this.#waiting]) wake();
  }

  #isStuck(): boolean {
    return this.#bytes >= MAX_BACKLOG_BYTES && this.#connection.writableLength > 0 && !this.#connection.destroyed;
  }
}
