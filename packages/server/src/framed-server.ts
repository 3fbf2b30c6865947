import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { unreadable, type FirstRequest, type ServedService, type Server, type ServerOptions, type Services } from "@kloset/connection";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Call, type CallEnvironment, type CallTarget } from "./call.js";
import { channelOf, type Channel } from "./channel.js";
import { codecOf, type MessageCodec } from "./codec.js";
import { Http2Connection } from "./http2-connection.js";
import type { Http2Stream, StreamHandler } from "./http2-stream.js";
import { defaultMaxMessageBytes, maxBacklogBytes, maxBegunAtOnce } from "./limits.js";
import { isTimeout } from "./deadline.js";
import { fieldOf, type RequestHead } from "./request-head.js";
import { sendHttpError, sendStatus } from "./send-status.js";
import { quoted, statusOf, type Status } from "./status.js";

const codec = (type: DescMessage): MessageCodec => codecOf(type, unreadable);

/** Serves gRPC over a duplex, which belongs to the server from then on. */
export function serveFramed(duplex: Duplex, options: ServerOptions): Server {
  return serveChannel(channelOf(duplex), options);
}

/** Serves gRPC over a channel. */
export function serveChannel(channel: Channel, options: ServerOptions): Server {
  const { services, maxMessageBytes = defaultMaxMessageBytes, onError } = options;
  const waiting = new Set<() => void>();
  let settle: (failure: Error | undefined) => void;
  const closed = new Promise<Error | undefined>((resolve) => (settle = resolve));
  const wakeAll = (): void => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const find = targets(services);
  const connection = new Http2Connection(channel, {
    onRequest: (stream) => answer(environment, stream, find),
    onRoom: wakeAll,
    onClose: (error) => {
      wakeAll();
      const failure = error === undefined || isPeerGone(error) ? undefined : error;
      if (failure !== undefined) onError?.(failure);
      settle(failure);
    },
  });
  const environment: CallEnvironment = {
    connection,
    maxMessageBytes,
    budget: { allocatedBytes: 0 },
    begins: begins(() => environment.room()),
    room: () => (connection.backlogBytes < maxBacklogBytes ? undefined : new Promise<void>((resolve) => waiting.add(resolve))),
  };
  connection.start();
  return {
    closed,
    close: () => {
      connection.close();
    },
  };
}

/** Lets calls begin, not too many in one turn of the event loop, and none while there is no room for answers. */
function begins(room: () => Promise<void> | undefined): () => Promise<void> | undefined {
  let begun = 0;
  const begin = (): void => {
    if (begun === 0) {
      setImmediate(() => {
        begun = 0;
      });
    }
    begun += 1;
  };
  const beginLater = async (): Promise<void> => {
    while (begun >= maxBegunAtOnce) await nextTurn();
    begin();
    await room();
  };
  return () => {
    if (begun >= maxBegunAtOnce) return beginLater();
    begin();
    return room();
  };
}

/** A target, or why there is none. */
type Found = CallTarget | Status;

/** Handler of what is answered already. */
const answered: StreamHandler = {
  onData: ignore,
  onEnd: ignore,
  onCut: ignore,
  onClose: ignore,
  unreadBytes: 0,
};

function answer(environment: CallEnvironment, stream: Http2Stream, find: (first: FirstRequest) => Found): StreamHandler {
  const { connection } = environment;
  const { head } = stream;
  const contentType = fieldOf(head, "content-type") ?? "";
  if (head.method !== "POST") {
    queueMicrotask(() => {
      sendHttpError(connection, stream, 405, "gRPC is POST\n");
    });
    return answered;
  }
  if (!/^application\/grpc(?:\+proto)?(?:;|$)/i.test(contentType)) {
    queueMicrotask(() => {
      sendHttpError(connection, stream, 415, "gRPC is application/grpc\n");
    });
    return answered;
  }
  const found = find({ path: head.path, userAgent: fieldOf(head, "user-agent") ?? "" });
  const refused = "implementation" in found ? refusalOf(head) : found;
  if (refused === undefined && "implementation" in found) return new Call(environment, stream, found);
  const status = refused ?? { code: Code.Unimplemented, message: "" };
  queueMicrotask(() => {
    sendStatus(connection, stream, status, false);
  });
  return answered;
}

/** What is wrong with the headers of a call; undefined when nothing is. */
function refusalOf(head: RequestHead): Status | undefined {
  const encoding = fieldOf(head, "grpc-encoding") ?? "identity";
  if (encoding !== "identity") {
    return { code: Code.Unimplemented, message: `the host compresses with ${JSON.stringify(quoted(encoding))}, and no compression was offered` };
  }
  const timeout = fieldOf(head, "grpc-timeout");
  if (timeout === undefined || isTimeout(timeout)) return undefined;
  return { code: Code.InvalidArgument, message: `protocol error: invalid grpc timeout value: ${quoted(timeout)}` };
}

/** Finds what answers a path. The first request decides; an error it met is met by every later one. */
function targets(services: Services): (first: FirstRequest) => Found {
  let list: readonly ServedService[] | undefined;
  let failure: Status | undefined;
  const byPath = new Map<string, CallTarget>();
  return (first) => {
    if (list === undefined && failure === undefined) {
      try {
        list = typeof services === "function" ? services(first) : services;
        for (const served of list) addTargets(byPath, served);
      } catch (error) {
        failure = statusOf(error);
      }
    }
    return failure ?? byPath.get(first.path) ?? { code: Code.Unimplemented, message: explain(list ?? [], quoted(first.path)) };
  };
}

function addTargets(byPath: Map<string, CallTarget>, { service, implementation }: ServedService): void {
  const methods = implementation as Readonly<Record<string, CallTarget["implementation"] | undefined>>;
  for (const method of service.methods) {
    const found = methods[method.localName];
    const path = `/${service.typeName}/${method.name}`;
    byPath.set(path, {
      method,
      input: codec(method.input),
      output: codec(method.output),
      implementation: found?.bind(implementation) ?? notImplemented(service, method.name),
    });
  }
}

function notImplemented({ typeName }: DescService, method: string): CallTarget["implementation"] {
  return () => {
    throw new ConnectError(`${typeName}.${method} is not implemented`, Code.Unimplemented);
  };
}

/** Why a path is not served, as grpc-go words it. */
function explain(services: readonly ServedService[], path: string): string {
  const [, service = "", method = ""] = path.split("/");
  return services.some((served) => served.service.typeName === service)
    ? `unknown method ${method} for service ${service}`
    : `unknown service ${service}`;
}

/** Writing to a host that has died. */
function isPeerGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET");
}

function ignore(): void {
  // What still comes is dropped.
}
