import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "./node-http2.js";
import type { Backlog } from "./backlog.js";
import type { UniversalResponse } from "./router.js";
import { grpcMessage } from "@kloset/wire/grpc";

const NO_ERROR = 0;

/**
 * Sends a response as gRPC wants it: the status follows the messages in a
 * trailing header block, or stands in the only one when there are no messages.
 * Takes the next message only when HTTP/2 has room for it.
 *
 * @param signal - Aborted when nobody wants the response any more.
 * @param backlog - Counts what waits, and may hold back the next message.
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
    // The implementation's own end was asked for when the signal was aborted;
    // this ends what connect has wrapped around it.
    body?.return?.().catch(ignore);
  }
}

function isCut(stream: ServerHttp2Stream, signal: AbortSignal): boolean {
  return stream.destroyed || stream.closed || signal.aborted;
}

/** Waits until the stream takes more, or never will. */
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
 * The status is out, but the host may still be sending: tell it to stop, as
 * grpc-go does. Otherwise it would fill the stream's window and wait for ever.
 */
export function stopRequest(stream: ServerHttp2Stream): void {
  // The status is queued by an immediate of Node's own; the reset has to follow it.
  setImmediate(() => {
    if (!stream.readableEnded && !stream.closed && isSending(stream)) stream.close(NO_ERROR);
  });
}

/** Whether the host has not half-closed: a reset that is not needed looks like a failure to some clients. */
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
  // It ended because of an error that was dealt with already.
}
