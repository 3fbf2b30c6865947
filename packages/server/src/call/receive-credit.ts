import type { Http2Connection } from "../http2/http2-connection.js";
import type { Http2Stream } from "../http2/http2-stream.js";
import { MAX_WAITING_BYTES } from "../limits.js";

/**
 * Flow control for the requests of one call. The window grows while the
 * implementation keeps up: bytes are credited as they arrive, and withheld while
 * too many delivered messages wait to be taken. Crediting whole messages instead
 * would deadlock with a message as large as the window.
 *
 * A call whose first message waits gets no more than the initial window: an
 * implementation may let hundreds of calls wait for their turn.
 */
export class ReceiveCredit {
  readonly #connection: Http2Connection;
  readonly #stream: Http2Stream;
  /** Bytes of the message that is still being assembled. */
  readonly #pendingBytes: () => number;
  /** Cost of the messages that have arrived and have not been taken. */
  #waitingCost = 0;
  #hasTaken = false;
  /** Received bytes that have not been credited to the window yet. */
  #withheld = 0;
  /** The unread bytes last reported to the connection. */
  #reported = 0;

  constructor(connection: Http2Connection, stream: Http2Stream, pendingBytes: () => number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#pendingBytes = pendingBytes;
  }

  /** Received bytes that the implementation has not taken, including their cost. */
  get unreadBytes(): number {
    return this.#waitingCost + this.#pendingBytes();
  }

  /** Counts received bytes. Call {@link update} once they have been read. */
  received(bytes: number): void {
    this.#withheld += bytes;
  }

  /** Counts a complete message that waits to be taken. */
  delivered(cost: number): void {
    this.#waitingCost += cost;
  }

  /** Counts a message that was taken. */
  taken(cost: number): void {
    this.#hasTaken = true;
    this.#waitingCost = Math.max(0, this.#waitingCost - cost);
    this.update();
  }

  /** Forgets the waiting messages, which will never be taken. */
  drop(): void {
    this.#waitingCost = 0;
    this.update();
  }

  /** Grows the window if the implementation keeps up, and reports changes of the unread bytes. */
  update(): void {
    if (this.#withheld > 0 && this.#waitingCost <= (this.#hasTaken ? MAX_WAITING_BYTES : 0)) {
      this.#connection.credit(this.#stream, this.#withheld);
      this.#withheld = 0;
    }
    const { unreadBytes } = this;
    const change = unreadBytes - this.#reported;
    this.#reported = unreadBytes;
    if (change !== 0) this.#connection.unread(change);
  }
}
