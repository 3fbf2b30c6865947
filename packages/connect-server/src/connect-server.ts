import {
  Code,
  StatusError,
  type CodedError,
  isFarDeadline,
  decidedByFirst,
  callRefusal,
  httpRefusal,
  MAX_MESSAGE_BYTES,
  type FirstRequest,
  type Serve,
  grpcMessage,
  statusError,
} from "@kloset/wire/grpc";
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants, performServerHandshake } from "./node-http2.js";
import type { Backlog } from "./backlog.js";
import { Calls, dismiss } from "./calls.js";
import { HostProtocolError } from "@kloset/wire/http2";
import { LastMessage } from "./last-message.js";
import { isPeerGone } from "@kloset/process";
import { requestBody } from "./request-body.js";
import { sendResponse, stopRequest } from "./response.js";
import { createRouter, type Router } from "./router.js";
import { explainUnreadable } from "./unreadable.js";
import { CONNECTION_WINDOW_BYTES, openFilteredConnection, sessionOptions } from "./filtered-connection.js";

/** Time limit for the session to close after the connection, in milliseconds. Usually takes a few turns. */
const SESSION_CLOSE_MS = 1000;
const grpcType = "application/grpc";

/**
 * Serves a connection with Node's HTTP/2 implementation and Connect's gRPC handlers.
 *
 * Connect's own Node adapter is not used: it leaves unread requests open after a response, answers unknown paths with
 * HTTP 404, and depends on Node's compatibility API, which is of no use for a connection over pipes. Truncated requests
 * are detected in one place, {@link requestBody}.
 */
export const serveWithConnect: Serve = (duplex, options) => {
  const { services, maxMessageBytes = MAX_MESSAGE_BYTES, onError = ignore } = options;
  const calls = new Calls(() => !filtered.destroyed);
  const {
    duplex: filtered,
    streams,
    backlog,
  } = openFilteredConnection(duplex, (stream, termination) => {
    calls.end(stream, termination);
  });
  const routerFor = decidedByFirst(services, (list) => createRouter(list, maxMessageBytes));
  let failure: Error | undefined;

  // Added before the session's own listener: Node before 20.19.3 never releases a session that was still writing when
  // its socket was destroyed (nodejs/node#55966), unless the session is destroyed first. Nothing can be sent by then.
  filtered.once("close", () => {
    calls.abortAll();
    session.destroy();
  });
  const session = performServerHandshake(filtered, sessionOptions);
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  session.on("error", (error: Error) => {
    if (isPeerGone(error) || failure !== undefined) return;
    failure = isBrokenProtocol(error) ? new HostProtocolError(`the host broke HTTP/2: ${error.message}`) : error;
    onError(failure);
  });
  session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const id = stream.id ?? 0;
    const termination = streams.terminationOf(id);
    if (termination !== undefined || stream.destroyed) {
      dismiss(stream, termination);
      return;
    }
    const signal = calls.add(stream);
    const onRead = (bytes: number): void => {
      streams.read(id, bytes);
    };
    handle({ stream, headers, signal, routerFor, backlog, onRead }).catch((error: unknown) => {
      if (!signal.aborted) onError(statusError(error));
      if (!stream.closed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });

  const closed = new Promise<Error | undefined>((resolve) => {
    filtered.once("close", () => {
      const done = (): void => {
        clearTimeout(timer);
        resolve(failure);
      };
      // The session reports an error only after the connection has closed.
      const timer = setTimeout(done, SESSION_CLOSE_MS);
      session.once("close", done);
    });
  });
  return { closed, close: () => filtered.destroy() };
};

/** An incoming call, and the state that it shares with other calls. */
interface Incoming {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly signal: AbortSignal;
  readonly routerFor: (first: FirstRequest) => Router;
  readonly backlog: Backlog;
  readonly onRead: (bytes: number) => void;
}

/** Handles one call. */
async function handle({ stream, headers, signal, routerFor, backlog, onRead }: Incoming): Promise<void> {
  const path = headers[":path"] ?? "";
  const httpStatus = httpRefusal({ method: headers[":method"] ?? "", contentType: headers["content-type"] });
  if (httpStatus !== undefined) {
    sendOnly(stream, { ":status": httpStatus });
    return;
  }
  let router;
  try {
    router = routerFor({ path, userAgent: headers["user-agent"] ?? "" });
  } catch (error) {
    sendStatus(stream, statusError(error));
    return;
  }
  const handler = router.find(path);
  if (handler === undefined) {
    sendStatus(stream, new StatusError(router.explain(path), Code.Unimplemented));
    return;
  }
  const refusal = callRefusal({ encoding: textOf(headers["grpc-encoding"]), timeout: textOf(headers["grpc-timeout"]) });
  if (refusal !== undefined) {
    sendStatus(stream, refusal);
    return;
  }
  await backlog.start(signal);
  const last = new LastMessage();
  const response = await handler({
    httpVersion: "2.0",
    method: headers[":method"] ?? "",
    url: `http://${headers[":authority"] ?? "localhost"}${path}`,
    header: webHeaders(headers),
    body: requestBody(stream, signal, last, onRead),
    signal,
  });
  await sendResponse(stream, explainUnreadable(response, handler.method.input, last), signal, backlog);
}

/** Sends a status without calling an RPC. */
function sendStatus(stream: ServerHttp2Stream, error: CodedError): void {
  sendOnly(stream, {
    ":status": 200,
    "content-type": grpcType,
    "grpc-status": String(error.code),
    "grpc-message": grpcMessage(encodeURIComponent(error.rawMessage)),
  });
}

/** Sends a response that consists of headers only. */
function sendOnly(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond(headers, { endStream: true });
  // Discards the rest of the request.
  stream.resume();
  stopRequest(stream);
}

/** Returns the first value of a header. */
function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function webHeaders(headers: IncomingHttpHeaders): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    if (name === "grpc-timeout" && isFarDeadline(String(value))) continue;
    for (const one of Array.isArray(value) ? value : [value]) result.append(name, one);
  }
  // Already checked above. Connect would reject a content type with parameters.
  result.set("content-type", grpcType);
  return result;
}

/** Recognizes protocol errors by their code: their messages are as short as "Protocol error". */
function isBrokenProtocol(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("ERR_HTTP2_");
}

function ignore(): void {
  // Default of onError.
}
