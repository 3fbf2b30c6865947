import { Code, StatusError } from "@kloset/wire/grpc";
import type { ServerHttp2Stream } from "node:http2";
import type { LastMessage } from "./last-message.js";

/** Maximum number of bytes read from a stream at once. */
const MAX_READ_BYTES = 64 * 1024;

/**
 * Yields the bytes of a request. Throws `signal.reason` as soon as the call is aborted, and ends only when the host has
 * half-closed the stream.
 *
 * Node signals end-of-file on the readable side of a stream that was reset or lost, as it does after a half-close.
 * Therefore an end only counts if the stream was not aborted, which Node marks first: a truncated packfile must never
 * be accepted as a whole one.
 *
 * Bytes that the consumer does not request remain unread, and HTTP/2 flow control slows the host down.
 *
 * @param last - Keeps the current message.
 * @param onRead - Called with the number of bytes that the consumer has finished with.
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
      // Limited: bytes read here stay in memory if the consumer never continues.
      const chunk = stream.read(Math.min(stream.readableLength, MAX_READ_BYTES) || undefined) as Buffer | null;
      if (chunk !== null) {
        for (const piece of last.split(chunk)) {
          held += piece.length;
          yield piece;
          // The consumer has finished with a message once it continues after its end; Connect holds incomplete ones.
          if (!last.isWhole) continue;
          onRead(held);
          held = 0;
        }
        continue;
      }
      if (ended) {
        // Connect ignores a message if only its prefix has arrived.
        if (last.isWhole) return;
        throw new StatusError("the request ended in the middle of a message", Code.InvalidArgument);
      }
      // No event was missed: everything since the checks is synchronous.
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.off("readable", onEvent).off("end", onEnd).off("close", onEvent);
    signal.removeEventListener("abort", onEvent);
  }
}

function throwIfCut(stream: ServerHttp2Stream, signal: AbortSignal): void {
  signal.throwIfAborted();
  // The signal is aborted by the "aborted" event; check the stream as well, in case this listener runs first.
  if (stream.aborted || (stream.destroyed && !stream.readableEnded)) {
    throw new Error("the request was cut off before its end");
  }
}

function ignore(): void {
  // The loop is not waiting.
}
