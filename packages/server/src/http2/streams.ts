import type { Http2Stream } from "./http2-stream.js";
import { MAX_RESET_STREAMS } from "../limits.js";

/**
 * Tracks the idle, open and closed streams of a connection (RFC 9113, section 5.1).
 * Half-closed streams count as open; {@link Http2Stream} records which side has closed.
 */
export class Streams {
  readonly #open = new Map<number, Http2Stream>();
  /** Streams reset by this side, whose frames in flight are dropped. Oldest first. */
  readonly #reset = new Set<number>();
  #last = 0;

  /** The number of open streams. */
  get count(): number {
    return this.#open.size;
  }

  /** Returns an open stream by its identifier. */
  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  /** Returns a copy of the list of open streams, which may be removed while it is iterated. */
  all(): Http2Stream[] {
    return [...this.#open.values()];
  }

  /** Returns whether a stream is idle: clients open odd ones, ascending (RFC 9113, section 5.1.1); this side none. */
  isIdle(id: number): boolean {
    return id > this.#last || id % 2 === 0;
  }

  /** Returns whether this side is known to have reset a stream. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  /** Records that the host has used an identifier: it and all lower ones are no longer idle. */
  begin(id: number): void {
    this.#last = id;
  }

  open(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
  }

  close(stream: Http2Stream): void {
    stream.isClosed = true;
    this.#open.delete(stream.id);
  }

  /** Remembers that this side has reset a stream. */
  rememberReset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= MAX_RESET_STREAMS) return;
    const [oldest] = this.#reset;
    if (oldest !== undefined) this.#reset.delete(oldest);
  }

  /** Returns the stream with the most unread bytes. */
  fullest(): Http2Stream | undefined {
    let fullest: Http2Stream | undefined;
    let most = 0;
    for (const stream of this.#open.values()) {
      const bytes = stream.handler?.unreadBytes ?? 0;
      if (bytes <= most) continue;
      fullest = stream;
      most = bytes;
    }
    return fullest;
  }
}
