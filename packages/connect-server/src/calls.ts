import type { ServerHttp2Stream } from "node:http2";
import { constants } from "./node-http2.js";
import { cutOff } from "@kloset/wire/grpc";
import type { Fate } from "./host-streams.js";

const connectionEnded = "the connection to the host has ended";

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;

/** How a stream is reset, and what its implementation is told. */
const endings: Readonly<Record<Fate, { readonly code: number; readonly reason: string }>> = {
  // The host knows the stream no more, and ignores that.
  reset: { code: NGHTTP2_CANCEL, reason: "the host cancelled the call" },
  // The host may take it for not begun, and try again.
  refused: { code: NGHTTP2_REFUSED_STREAM, reason: "the host has opened too many calls at once" },
  overloaded: { code: NGHTTP2_ENHANCE_YOUR_CALM, reason: "the host has sent more than is read" },
};

interface Call {
  readonly stream: ServerHttp2Stream;
  readonly controller: AbortController;
}

/** The calls that run on a connection, each with the signal that says when it is cut off. */
export class Calls {
  readonly #calls = new Map<number, Call>();
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
    // Its end is seen by "aborted" and "close".
    stream.on("error", ignore);
    stream.once("aborted", () => {
      controller.abort(cutOff(this.#isConnected() ? endings.reset.reason : connectionEnded));
    });
    stream.once("close", () => {
      this.#calls.delete(id);
      controller.abort(cutOff("the call has ended"));
    });
    return controller.signal;
  }

  /**
   * Ends a call from this side. One that is not known yet has to be dismissed
   * when it comes: see {@link dismiss}.
   */
  end(id: number, fate: Fate): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    const { code, reason } = endings[fate];
    call.controller.abort(cutOff(reason));
    // What came is thrown away: an implementation that never looks at its signal would hold it.
    call.stream.read();
    call.stream.close(code);
  }

  /** The connection has ended. */
  abortAll(): void {
    for (const { controller } of this.#calls.values()) {
      controller.abort(cutOff(connectionEnded));
    }
    this.#calls.clear();
  }
}

/** Ends a stream whose fate was decided before the session announced it: no call is made of it. */
export function dismiss(stream: ServerHttp2Stream, fate: Fate | undefined): void {
  stream.on("error", ignore);
  if (fate !== undefined) stream.close(endings[fate].code);
}

function ignore(): void {
  // See above.
}
