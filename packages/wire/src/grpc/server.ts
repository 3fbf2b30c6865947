import type { ServiceTable } from "./service-table.js";
import type { Duplex } from "node:stream";

/** Answers one RPC: takes a request or a stream of them, and the call's context; gives a response or a stream of them. */
export type Implementation = (request: never, context: never) => unknown;

/** A service, and what answers it, by the methods' local names: Connect's `ServiceImpl`. A method that is absent is UNIMPLEMENTED. */
export interface ServedService {
  readonly service: ServiceTable;
  readonly implementation: Readonly<Record<string, Implementation | undefined>>;
}

/** What the first request of a connection tells about the host. */
export interface FirstRequest {
  /** As "/importer.Importer/Init". */
  readonly path: string;
  /** The `user-agent` header, as "grpc-go/1.81.1"; empty when the host sends none. */
  readonly userAgent: string;
}

/**
 * The services of a connection: a list, or a function that makes the list once
 * the first request tells who is asking. Two generations of the protocol share
 * some paths, so one list can not hold both. The function is called once, and
 * its answer holds for the connection's life; if it throws, every call of the
 * connection is answered with that error.
 */
export type Services = readonly ServedService[] | ((first: FirstRequest) => readonly ServedService[]);

/** What a server needs to know. */
export interface ServerOptions {
  readonly services: Services;
  /** The largest message in either direction, in bytes. Default: 4 MiB, as hosts have it. */
  readonly maxMessageBytes?: number;
  /** Told what went wrong with the connection itself. That the peer has gone is not an error. */
  readonly onError?: (error: Error) => void;
}

/** A connection that is being served. */
export interface Server {
  /**
   * Settles when the connection has ended: end of input, an error, or `close()`.
   * Never rejects. The signals of all calls that ran are aborted by then.
   *
   * @returns what ended it, when that was an error that `onError` was told: the
   *   host broke the protocol. That the host has gone is none.
   */
  readonly closed: Promise<Error | undefined>;
  /** Ends the connection at once. No GOAWAY is sent: hosts hang on one. */
  close(): void;
}

/**
 * Serves gRPC over one HTTP/2 connection with prior knowledge. The duplex
 * belongs to the server from then on.
 *
 * What every server must keep:
 * - An implementation that iterates its requests never sees them end cleanly
 *   unless the host half-closed the stream. Whatever else ends it (a reset with
 *   any code, the end of the connection) is thrown, and aborts the call's signal.
 * - What an implementation throws reaches the host word for word with code UNKNOWN.
 * - Nobody is read faster than it is consumed, in either direction.
 * - No GOAWAY frame is sent, ever.
 */
export type Serve = (duplex: Duplex, options: ServerOptions) => Server;

/** grpc-go's default limit, which hosts keep. */
export const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
