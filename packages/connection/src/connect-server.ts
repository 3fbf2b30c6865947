import { Code, ConnectError } from "@connectrpc/connect";
import { constants, performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Calls } from "./calls.js";
import { joinDuplex } from "./duplex.js";
import { FrameFilter, frameType } from "./frame-filter.js";
import { requestBody } from "./request-body.js";
import { sendResponse } from "./response.js";
import { createRouter, type Router } from "./router.js";
import { defaultMaxMessageBytes, type FirstRequest, type Serve, type Services } from "./server.js";
import { statusError } from "./status.js";

const MiB = 1024 * 1024;

/** What a client sends before its first frame: "PRI * HTTP/2.0…" (RFC 9113, section 3.4). */
const prefaceLength = 24;

const sessionOptions = {
  settings: { initialWindowSize: 4 * MiB, maxConcurrentStreams: 1024 },
  // In megabytes. The default of 10 refuses streams when a few wait with 1 MiB each.
  maxSessionMemory: 4096,
};

/** How long the session may take to end after its wire, in milliseconds. It takes a few turns. */
const sessionCloseMs = 1000;

/**
 * Serves with Node's HTTP/2 and connect's gRPC handlers.
 *
 * Connect's own Node adapter is not used. It leaves unread requests open after
 * an answer, answers unknown paths with HTTP 404, and goes through Node's
 * compatibility API, of which a connection over pipes has no use; that a request
 * was cut off is decided here, in one place (see {@link requestBody}).
 *
 * Frames that never pass:
 * - GOAWAY to the host: a Plakar 1.1.4 hangs on it and ignores SIGTERM, and
 *   nghttp2 and Node send it in more places than one can turn off.
 * - GOAWAY from the host: it only says that the host is about to leave. nghttp2
 *   takes grpc-go's (its last stream id is odd) for a protocol error and kills
 *   the calls that run, and Node answers one with its own.
 * - RST_STREAM from the host: nghttp2 gives the connection up after some 1,000
 *   of them (33 a second are free), and Node 20 has no option for that. They
 *   are carried out by {@link Calls.reset}.
 */
export const serveWithConnect: Serve = (duplex, options) => {
  const { services, maxMessageBytes = defaultMaxMessageBytes, onError = ignore } = options;
  const calls = new Calls(() => !wire.destroyed);
  const inbound = new FrameFilter({
    prefaceLength,
    drop: [frameType.goaway, frameType.rstStream],
    onDropped: (type, stream) => {
      if (type === frameType.rstStream) calls.reset(stream);
    },
  });
  const outbound = new FrameFilter({ prefaceLength: 0, drop: [frameType.goaway] });
  const wire = joinDuplex(duplex, duplex, {
    inbound: (chunk) => inbound.filter(chunk),
    outbound: (chunk) => outbound.filter(chunk),
  });
  const routerFor = lazyRouter(services, maxMessageBytes);

  const session = performServerHandshake(wire, sessionOptions);
  session.setLocalWindowSize(16 * MiB);
  session.on("error", (error: Error) => {
    if (!isPeerGone(error)) onError(error);
  });
  session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const signal = calls.add(stream);
    handle(stream, headers, routerFor, signal).catch((error: unknown) => {
      if (!signal.aborted) onError(statusError(error));
      if (!stream.closed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });

  const closed = new Promise<void>((resolve) => {
    wire.once("close", () => {
      calls.abortAll();
      // The session tells of an error only after the wire has closed.
      const timer = setTimeout(resolve, sessionCloseMs);
      session.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  });
  return { closed, close: () => wire.destroy() };
};

/** Answers one call. */
async function handle(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  routerFor: (first: FirstRequest) => Router,
  signal: AbortSignal,
): Promise<void> {
  const path = headers[":path"] ?? "";
  let router;
  try {
    router = routerFor({ path, userAgent: headers["user-agent"] ?? "" });
  } catch (error) {
    sendStatus(stream, statusError(error));
    return;
  }
  const handler = router.find(path);
  if (handler === undefined) {
    sendStatus(stream, new ConnectError(router.explain(path), Code.Unimplemented));
    return;
  }
  const response = await handler({
    httpVersion: "2.0",
    method: headers[":method"] ?? "",
    url: `http://${headers[":authority"] ?? "localhost"}${path}`,
    header: webHeaders(headers),
    body: requestBody(stream, signal),
    signal,
  });
  await sendResponse(stream, response, signal);
}

/** A status without an RPC behind it. */
function sendStatus(stream: ServerHttp2Stream, error: ConnectError): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": String(error.code),
      "grpc-message": encodeURIComponent(error.rawMessage),
    },
    { endStream: true },
  );
  // What the host still sends is thrown away.
  stream.resume();
}

/** The first request decides; an error it met is met by every later one. */
function lazyRouter(services: Services, maxMessageBytes: number): (first: FirstRequest) => Router {
  if (typeof services !== "function") {
    const router = createRouter(services, maxMessageBytes);
    return () => router;
  }
  let made: (() => Router) | undefined;
  return (first) => {
    made ??= attempt(() => createRouter(services(first), maxMessageBytes));
    return made();
  };
}

/** Calls once and remembers the outcome, be it a throw. */
function attempt<T>(make: () => T): () => T {
  try {
    const value = make();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function webHeaders(headers: IncomingHttpHeaders): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) result.append(name, one);
  }
  return result;
}

/** Writing to a host that has died. */
function isPeerGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET");
}

function ignore(): void {
  // The default of onError.
}
