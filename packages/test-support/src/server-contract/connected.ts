import type { Duplex } from "node:stream";
import { duplexPair } from "@kloset/wire/duplex";
import type { Serve, Server, ServedService, ServerOptions } from "@kloset/wire/grpc";
import { GrpcClient } from "../grpc-client.js";

/** A server and a client on the two ends of a duplex pair. */
export interface Connected {
  readonly client: GrpcClient;
  readonly server: Server;
  /** The server's end, for counting its listeners. */
  readonly near: Duplex;
  /** The client's end, for writing raw frames and closing the connection. */
  readonly far: Duplex;
  /** Returns all bytes that the server has sent. */
  readonly sent: () => Buffer;
  /** All errors that `onError` has received. */
  readonly errors: Error[];
}

/** Connects a client to a server in memory. */
export function connected(
  serve: Serve,
  services: readonly ServedService[] | ServerOptions["services"],
  options: { maxMessageBytes?: number; initialWindowSize?: number } = {},
): Connected {
  const { initialWindowSize, ...serverOptions } = options;
  const [near, far] = duplexPair();
  const chunks: Buffer[] = [];
  const push = far.push.bind(far);
  far.push = (chunk: Buffer | null): boolean => {
    if (chunk !== null) chunks.push(chunk);
    return push(chunk);
  };
  const errors: Error[] = [];
  const onError = (error: Error): void => {
    errors.push(error);
  };
  const server = serve(near, { services, onError, ...serverOptions });
  const client = new GrpcClient(far, initialWindowSize === undefined ? {} : { initialWindowSize });
  return { client, server, near, far, errors, sent: () => Buffer.concat(chunks) };
}
