import type { ServerHttp2Stream } from "node:http2";

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
 */
export async function* requestBody(stream: ServerHttp2Stream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let ended = stream.readableEnded;
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
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) {
        yield chunk;
        continue;
      }
      if (ended) return;
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
