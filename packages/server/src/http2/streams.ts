import type { Http2Stream } from "./http2-stream.js";
import { MAX_RESET_STREAMS } from "../limits.js";

/**
 * Which streams of a connection are idle, open and closed (RFC 9113, section 5.1).
 * Those that are half-closed count as open here: an {@link Http2Stream} knows by whom.
 */
export class Streams {
  readonly #open = new Map<number, Http2Stream>();
  /** Reset from this side: what is still under way for them is dropped. Oldest first. */
  readonly #reset = new Set<number>();
  #last = 0;

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /** The stream of an identifier while it is open. */
  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  /** Those that are open now, in a list of its own: they may be removed meanwhile. */
  all(): Http2Stream[] {
    return [...this.#open.values()];
  }

  /** RFC 9113, section 5.1.1: a client opens odd ones, upwards. This side opens none. */
  isIdle(id: number): boolean {
    return id > this.#last || id % 2 === 0;
  }

  /** Whether this side has reset it, as far as that is remembered. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  /** The host has used an identifier: it and all below are idle no more. */
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

  /** This side resets a stream. */
  rememberReset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= MAX_RESET_STREAMS) return;
    const [oldest] = this.#reset;
    if (oldest !== undefined) this.#reset.delete(oldest);
  }

  /** The one that holds most of what nobody has read. */
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
