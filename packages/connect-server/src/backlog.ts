import type { Duplex } from "node:stream";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";

/**
 * Calls that may start in one turn of the event loop. The backlog shows their responses only in a later turn; without
 * this limit, a thousand calls that arrive at once would all find it empty.
 */
const MAX_STARTS_PER_TURN = 8;

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
  /** Calls that start in a later turn of the event loop, in order. */
  readonly #queue = new Set<() => void>();
  #starts = 0;

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

  /** Waits until a call may start, or is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.room(signal);
    if (this.#isFull()) return;
    if (this.#starts < MAX_STARTS_PER_TURN) {
      this.#countStart();
      return;
    }
    if (!signal.aborted) await wait(this.#queue, signal);
    await this.room(signal);
  }

  /** Waits until another response may be produced, or until the call is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#isStuck() && !signal.aborted) await wait(this.#waiting, signal);
  }

  /** Resumes waiting calls if the connection is no longer blocked. */
  recheck(): void {
    if (this.#waiting.size === 0 || this.#isStuck()) return;
    for (const wake of [...this.#waiting]) wake();
  }

  #countStart(): void {
    if (this.#starts === 0) {
      setImmediate(() => {
        this.#startNext();
      });
    }
    this.#starts += 1;
  }

  #startNext(): void {
    this.#starts = 0;
    for (const start of [...this.#queue].slice(0, MAX_STARTS_PER_TURN)) {
      this.#countStart();
      start();
    }
  }

  #isFull(): boolean {
    return this.#bytes >= MAX_BACKLOG_BYTES;
  }

  #isStuck(): boolean {
    return this.#isFull() && this.#connection.writableLength > 0 && !this.#connection.destroyed;
  }
}

/** Resolves when its function in a set of waiting calls is called, or when the call is aborted. */
function wait(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener("abort", wake);
  });
}
