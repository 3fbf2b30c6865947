import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "./node-http2.js";
import type { Backlog } from "./backlog.js";
import type { UniversalResponse } from "./router.js";
import { grpcMessage } from "@kloset/wire/grpc";

const NO_ERROR = 0;

/**
 * Sends a gRPC response. The status follows the messages as trailers, or is part of the only header block if there are
 * no messages. Requests the next message only when HTTP/2 can accept it.
 *
 * @param signal - Aborted when the response is no longer needed.
 * @param backlog - Counts unsent bytes, and may delay the next message.
 */
export async function sendResponse(
  stream: ServerHttp2Stream,
  response: UniversalResponse,
  signal: AbortSignal,
  backlog: Backlog,
): Promise<void> {
  const body = response.body?.[Symbol.asyncIterator]();
  try {
    let chunk = await body?.next();
    const headers = { ":status": response.status, ...plainHeaders(response.header) };
    if (isCut(stream, signal)) return;
    if (chunk === undefined || chunk.done === true) {
      stream.respond({ ...headers, ...trailerHeaders(response.trailer) }, { endStream: true });
      stopRequest(stream);
      return;
    }
    stream.respond(headers, { waitForTrailers: true });
    stream.once("wantTrailers", () => {
      stream.sendTrailers(trailerHeaders(response.trailer));
      stopRequest(stream);
    });
    for (; chunk !== undefined && chunk.done !== true; chunk = await body?.next()) {
      if (isCut(stream, signal)) return;
      if (!stream.write(chunk.value, backlog.add(chunk.value.length))) await room(stream, signal);
      await backlog.room(signal);
      if (isCut(stream, signal)) return;
    }
    stream.end();
  } finally {
    // The aborted signal already stops the implementation; this ends Connect's iterators around it.
    body?.return?.().catch(ignore);
  }
}

function isCut(stream: ServerHttp2Stream, signal: AbortSignal): boolean {
  return stream.destroyed || stream.closed || signal.aborted;
}

/** Waits until the stream can accept more data, or is closed. */
function room(stream: ServerHttp2Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
    signal.addEventListener("abort", done);
  });
}

/**
 * Resets the stream if the host is still sending after the status, as grpc-go does. Otherwise the host would fill the
 * stream's window and wait forever.
 */
export function stopRequest(stream: ServerHttp2Stream): void {
  // Node queues the status in an immediate of its own; the reset must follow it.
  setImmediate(() => {
    if (!stream.readableEnded && !stream.closed && isSending(stream)) stream.close(NO_ERROR);
  });
}

/** Returns true if the host has not half-closed. Some clients treat an unnecessary reset as a failure. */
function isSending(stream: ServerHttp2Stream): boolean {
  const { state } = stream.state;
  return state === constants.NGHTTP2_STREAM_STATE_OPEN || state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL;
}

function plainHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  return headers === undefined ? {} : Object.fromEntries(headers);
}

function trailerHeaders(trailer: Headers | undefined): OutgoingHttpHeaders {
  const headers = plainHeaders(trailer);
  const message = headers["grpc-message"];
  if (typeof message === "string") headers["grpc-message"] = grpcMessage(message);
  return headers;
}

function ignore(): void {
  // The error that ended the response has already been handled.
}
