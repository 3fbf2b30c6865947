import { constants, type ServerHttp2Stream } from "node:http2";
import { cutOff } from "./cut-off.js";

const connectionEnded = "the connection to the host has ended";

interface Call {
  readonly stream: ServerHttp2Stream;
  readonly controller: AbortController;
}

/** The calls that run on a connection, each with the signal that says when it is cut off. */
export class Calls {
  readonly #calls = new Map<number, Call>();
  /** Resets that came before the session announced their stream. */
  readonly #early = new Set<number>();
  #lastStream = 0;
  readonly #isConnected: () => boolean;

  /** @param isConnected - Tells a call that the host gave up from one that went with the host. */
  constructor(isConnected: () => boolean) {
    this.#isConnected = isConnected;
  }

  /** Watches a stream. The signal it answers is aborted when the stream ends, in whatever way. */
  add(stream: ServerHttp2Stream): AbortSignal {
    const id = stream.id ?? 0;
    const controller = new AbortController();
    this.#calls.set(id, { stream, controller });
    this.#lastStream = Math.max(this.#lastStream, id);
    // Its end is seen by "aborted" and "close".
    stream.on("error", ignore);
    stream.once("aborted", () => {
      controller.abort(cutOff(this.#isConnected() ? "the host cancelled the call" : connectionEnded));
    });
    stream.once("close", () => {
      this.#calls.delete(id);
      controller.abort(cutOff("the call has ended"));
    });
    if (this.#early.delete(id)) this.reset(id);
    return controller.signal;
  }

  /**
   * The host has reset a stream. The session was not told, so the stream is
   * reset from this side; the host knows it no more and ignores that.
   */
  reset(id: number): void {
    const call = this.#calls.get(id);
    if (call !== undefined) call.stream.close(constants.NGHTTP2_CANCEL);
    else if (id > this.#lastStream) this.#early.add(id);
  }

  /** The connection has ended. */
  abortAll(): void {
    for (const { controller } of this.#calls.values()) {
      controller.abort(cutOff(connectionEnded));
    }
    this.#calls.clear();
  }
}

function ignore(): void {
  // See above.
}
