import type { ServerHttp2Stream } from "node:http2";
import { constants } from "./node-http2.js";
import { cutOff } from "@kloset/wire/grpc";
import type { Termination } from "./host-streams.js";

const connectionEnded = "the connection to the host has ended";

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;

/** The error code that resets the stream, and the reason that aborts the implementation's signal. */
const endings: Readonly<Record<Termination, { readonly code: number; readonly reason: string }>> = {
  // The host ignores this code: it has already closed the stream.
  reset: { code: NGHTTP2_CANCEL, reason: "the host cancelled the call" },
  // Means that the call was not started, so the host may retry it.
  refused: { code: NGHTTP2_REFUSED_STREAM, reason: "the host has opened too many calls at once" },
  overloaded: { code: NGHTTP2_ENHANCE_YOUR_CALM, reason: "the host has sent more than is read" },
};

interface Call {
  readonly stream: ServerHttp2Stream;
  readonly controller: AbortController;
}

/** The running calls of a connection, each with a signal that aborts it. */
export class Calls {
  readonly #calls = new Map<number, Call>();
  readonly #isConnected: () => boolean;

  /** @param isConnected - Distinguishes a cancelled call from one that was lost with the connection. */
  constructor(isConnected: () => boolean) {
    this.#isConnected = isConnected;
  }

  /** Adds a stream. Returns a signal that is aborted when the stream ends, for whatever reason. */
  add(stream: ServerHttp2Stream): AbortSignal {
    const id = stream.id ?? 0;
    const controller = new AbortController();
    this.#calls.set(id, { stream, controller });
    // The "aborted" and "close" events report the end.
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

  /** Terminates a call. A stream that the session has not announced yet is terminated later, by {@link dismiss}. */
  end(id: number, termination: Termination): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    const { code, reason } = endings[termination];
    call.controller.abort(cutOff(reason));
    // Discard unread data: an implementation that ignores its signal would keep it in memory.
    call.stream.read();
    call.stream.close(code);
  }

  /** Aborts all calls because the connection has ended. */
  abortAll(): void {
    for (const { controller } of this.#calls.values()) {
      controller.abort(cutOff(connectionEnded));
    }
    this.#calls.clear();
  }
}

/** Closes a stream that was terminated before the session announced it, without starting a call. */
export function dismiss(stream: ServerHttp2Stream, termination: Termination | undefined): void {
  stream.on("error", ignore);
  if (termination !== undefined) stream.close(endings[termination].code);
}

function ignore(): void {
  // The stream's other events report its end.
}
