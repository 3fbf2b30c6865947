import type { DescriptorServer, ServeDescriptors } from "@kloset/process";
import type { FirstRequest, ServedService, Server, ServerOptions, Services } from "@kloset/wire/grpc";
import {
  Code,
  StatusError,
  callRefusal,
  decidedByFirst,
  MAX_MESSAGE_BYTES,
  httpRefusal,
  notServed,
} from "@kloset/wire/grpc";
import type { Duplex } from "node:stream";
import { isPeerGone } from "@kloset/process";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";
import { Admission } from "./call/admission.js";
import { Call, type CallEnvironment, type CallTarget } from "./call/call.js";
import { channelOf, type Channel } from "./io/channel.js";
import { descriptorChannel } from "./io/descriptor-channel.js";
import { Http2Connection } from "./http2/http2-connection.js";
import type { Http2Stream, StreamHandler } from "./http2/http2-stream.js";
import { fieldOf } from "./http2/request-head.js";
import { sendHttpError, sendStatus } from "./call/send-status.js";
import { sendServerPreface } from "./http2/server-preface.js";
import { statusOf, type Status } from "./call/status.js";
import { Waiters } from "./call/waiters.js";

/** Serves gRPC over a duplex, which belongs to the server from then on. */
export function serveFramed(duplex: Duplex, options: ServerOptions): Server {
  return serveChannel(channelOf(duplex), options);
}

/** Serves gRPC over the descriptors of the host. */
export const serveFramedDescriptors: ServeDescriptors<Services> = (guard, flushMs) => {
  const channel = descriptorChannel(guard, flushMs);
  sendServerPreface(channel);
  return (options): DescriptorServer => ({ ...serveGreeted(channel, options), release: () => channel.release() });
};

/** Serves gRPC over a channel. */
export function serveChannel(channel: Channel, options: ServerOptions): Server {
  sendServerPreface(channel);
  return serveGreeted(channel, options);
}

/** Serves gRPC over a channel whose server preface has been sent. */
function serveGreeted(channel: Channel, options: ServerOptions): Server {
  const { services, maxMessageBytes = MAX_MESSAGE_BYTES, onError } = options;
  const waiting = new Waiters();
  let settle: (failure: Error | undefined) => void;
  const closed = new Promise<Error | undefined>((resolve) => (settle = resolve));
  const find = targets(services);
  const connection = new Http2Connection(channel, {
    onRequest: (stream) => answer(environment, stream, find),
    onRoom: () => {
      waiting.wakeAll();
      admission.onRoom();
    },
    onClose: (error) => {
      waiting.wakeAll();
      admission.close();
      const failure = error === undefined || isPeerGone(error) ? undefined : error;
      if (failure !== undefined) onError?.(failure);
      settle(failure);
    },
  });
  const hasRoom = (): boolean => connection.backlogBytes < MAX_BACKLOG_BYTES;
  const admission = new Admission(hasRoom);
  const environment: CallEnvironment = {
    connection,
    maxMessageBytes,
    budget: { allocatedBytes: 0 },
    begins: () => admission.begin(),
    room: () => (hasRoom() ? undefined : waiting.add()),
  };
  connection.start();
  return {
    closed,
    close: () => {
      connection.close();
    },
  };
}

/** A target, or the status that explains why the path has no target. */
type Found = CallTarget | Status;

/** Handles streams that have been answered already. */
const answered: StreamHandler = {
  onData: ignore,
  onEnd: ignore,
  onCut: ignore,
  onClose: ignore,
  unreadBytes: 0,
};

function answer(
  environment: CallEnvironment,
  stream: Http2Stream,
  find: (first: FirstRequest) => Found,
): StreamHandler {
  const { connection } = environment;
  const { head } = stream;
  /** Sends the answer in a microtask, when the connection knows the stream. */
  const answeredBy = (send: () => void): StreamHandler => {
    queueMicrotask(send);
    return answered;
  };
  const refusedWith = (status: Status): StreamHandler =>
    answeredBy(() => {
      sendStatus(connection, stream, status, false);
    });
  const httpStatus = httpRefusal({ method: head.method, contentType: fieldOf(head, "content-type") });
  if (httpStatus !== undefined) {
    return answeredBy(() => {
      sendHttpError(
        connection,
        stream,
        httpStatus,
        httpStatus === 405 ? "gRPC is POST\n" : "gRPC is application/grpc\n",
      );
    });
  }
  const found = find({ path: head.path, userAgent: fieldOf(head, "user-agent") ?? "" });
  if (!("implementation" in found)) return refusedWith(found);
  const refusal = callRefusal({ encoding: fieldOf(head, "grpc-encoding"), timeout: fieldOf(head, "grpc-timeout") });
  return refusal === undefined ? new Call(environment, stream, found) : refusedWith(refusal);
}

/** Returns a function that finds the target of a request. */
function targets(services: Services): (first: FirstRequest) => Found {
  const routesFor = decidedByFirst(services, (list) => ({ list, byPath: new Map(list.flatMap(targetsOf)) }));
  return (first) => {
    try {
      const { list, byPath } = routesFor(first);
      return byPath.get(first.path) ?? { code: Code.Unimplemented, message: notServed(list, first.path) };
    } catch (error) {
      return statusOf(error);
    }
  };
}

function targetsOf({ service, implementation }: ServedService): [path: string, target: CallTarget][] {
  const methods = implementation as Readonly<Record<string, CallTarget["implementation"] | undefined>>;
  return service.methods.map((method) => [
    method.path,
    {
      method,
      implementation: methods[method.localName]?.bind(implementation) ?? notImplemented(service.typeName, method.name),
    },
  ]);
}

function notImplemented(service: string, method: string): CallTarget["implementation"] {
  return () => {
    throw new StatusError(`${service}.${method} is not implemented`, Code.Unimplemented);
  };
}

function ignore(): void {
  // Intentionally empty: further events are dropped.
}
