import { Code, StatusError } from "@kloset/wire/grpc";
import type { ServerHttp2Stream } from "node:http2";
import type { LastMessage } from "./last-message.js";

/** What is taken from a stream at once. */
const MAX_READ_BYTES = 64 * 1024;

/**
 * The bytes of a request. Throws `signal.reason` as soon as the call is
 * aborted; ends only when the host has half-closed the stream.
 *
 * Node puts an end of file into the readable side of a stream that was reset or
 * lost, as it does for one that was half-closed. So an end counts only while
 * the stream was not aborted (Node marks it before): half a packfile must never
 * be taken for a whole one.
 *
 * What the consumer does not take stays unread, and HTTP/2's flow control holds
 * the host back.
 *
 * @param last - Keeps the message that is handed on.
 * @param onRead - Told how many bytes the consumer has done with.
 */
export async function* requestBody(
  stream: ServerHttp2Stream,
  signal: AbortSignal,
  last: LastMessage,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let ended = stream.readableEnded;
  let held = 0;
  let wake: () => void = ignore;
  const onEvent = (): void => {
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  stream.on("readable", onEvent).on("end", onEnd).on("close", onEvent);
  signal.addEventListener("abort", onEvent);
  try {
    for (;;) {
      throwIfCut(stream, signal);
      // Not all there is: what is taken out stays with a consumer that never comes back.
      const chunk = stream.read(Math.min(stream.readableLength, MAX_READ_BYTES) || undefined) as Buffer | null;
      if (chunk !== null) {
        for (const piece of last.split(chunk)) {
          held += piece.length;
          yield piece;
          // Who asks for more has done with a message that was whole; connect holds the pieces of others.
          if (!last.isWhole) continue;
          onRead(held);
          held = 0;
        }
        continue;
      }
      if (ended) {
        // Connect takes a message of which only the prefix came for none at all.
        if (last.isWhole) return;
        throw new StatusError("the request ended in the middle of a message", Code.InvalidArgument);
      }
      // Nothing can have happened since the checks: they were synchronous.
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.off("readable", onEvent).off("end", onEnd).off("close", onEvent);
    signal.removeEventListener("abort", onEvent);
  }
}

function throwIfCut(stream: ServerHttp2Stream, signal: AbortSignal): void {
  signal.throwIfAborted();
  // The signal follows "aborted"; this does not depend on who listens first.
  if (stream.aborted || (stream.destroyed && !stream.readableEnded)) {
    throw new Error("the request was cut off before its end");
  }
}

function ignore(): void {
  // Nobody waits.
}
