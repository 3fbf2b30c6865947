import {
  Code,
  StatusError,
  type CodedError,
  isFarDeadline,
  decidedByFirst,
  callRefusal,
  httpRefusal,
  DEFAULT_MAX_MESSAGE_BYTES,
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
import { CONNECTION_WINDOW_BYTES, openWire, sessionOptions } from "./filtered-connection.js";

/** How long the session may take to end after its wire, in milliseconds. It takes a few turns. */
const SESSION_CLOSE_MS = 1000;
const grpcType = "application/grpc";

/**
 * Serves with Node's HTTP/2 and connect's gRPC handlers.
 *
 * Connect's own Node adapter is not used. It leaves unread requests open after
 * an answer, answers unknown paths with HTTP 404, and goes through Node's
 * compatibility API, of which a connection over pipes has no use; that a request
 * was cut off is decided here, in one place (see {@link requestBody}).
 */
export const serveWithConnect: Serve = (duplex, options) => {
  const { services, maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, onError = ignore } = options;
  const calls = new Calls(() => !wire.destroyed);
  const {
    duplex: wire,
    streams,
    backlog,
  } = openWire(duplex, (stream, fate) => {
    calls.end(stream, fate);
  });
  const routerFor = decidedByFirst(services, (list) => createRouter(list, maxMessageBytes));
  let failure: Error | undefined;

  // Before the session hears of it: Node before 20.19.3 never lets go of a session that was still writing when its socket
  // was found destroyed (nodejs/node#55966). One that is destroyed first hears of the write's end. Nothing leaves any more.
  wire.once("close", () => {
    calls.abortAll();
    session.destroy();
  });
  const session = performServerHandshake(wire, sessionOptions);
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  session.on("error", (error: Error) => {
    if (isPeerGone(error) || failure !== undefined) return;
    failure = isBrokenProtocol(error) ? new HostProtocolError(`the host broke HTTP/2: ${error.message}`) : error;
    onError(failure);
  });
  session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const id = stream.id ?? 0;
    const fate = streams.fateOf(id);
    if (fate !== undefined || stream.destroyed) {
      dismiss(stream, fate);
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
    wire.once("close", () => {
      const done = (): void => {
        clearTimeout(timer);
        resolve(failure);
      };
      // The session tells of an error only after the wire has closed.
      const timer = setTimeout(done, SESSION_CLOSE_MS);
      session.once("close", done);
    });
  });
  return { closed, close: () => wire.destroy() };
};

/** A call that has come, and what it shares with the others. */
interface Incoming {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly signal: AbortSignal;
  readonly routerFor: (first: FirstRequest) => Router;
  readonly backlog: Backlog;
  readonly onRead: (bytes: number) => void;
}

/** Answers one call. */
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
  await backlog.room(signal);
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

/** A status without an RPC behind it. */
function sendStatus(stream: ServerHttp2Stream, error: CodedError): void {
  sendOnly(stream, {
    ":status": 200,
    "content-type": grpcType,
    "grpc-status": String(error.code),
    "grpc-message": grpcMessage(encodeURIComponent(error.rawMessage)),
  });
}

/** An answer of headers alone. */
function sendOnly(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond(headers, { endStream: true });
  // What the host still sends is thrown away.
  stream.resume();
  stopRequest(stream);
}

/** The first value of a header. */
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
  // It was looked at; Connect would refuse it with a parameter behind.
  result.set("content-type", grpcType);
  return result;
}

/** What nghttp2 and Node say is as short as "Protocol error". */
function isBrokenProtocol(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("ERR_HTTP2_");
}

function ignore(): void {
  // The default of onError.
}
