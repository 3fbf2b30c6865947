import type { ServiceTable } from "./service-table.js";
import type { Duplex } from "node:stream";

/** Answers one RPC: takes a request or a stream of requests, and a context; returns a response or a stream of them. */
export type Implementation = (request: never, context: never) => unknown;

/**
 * A service with its implementation, keyed by the local names of its methods like Connect's `ServiceImpl`. A missing
 * method is answered with UNIMPLEMENTED.
 */
export interface ServedService {
  readonly service: ServiceTable;
  readonly implementation: Readonly<Record<string, Implementation | undefined>>;
}

/** The facts about the host that the first request of a connection reveals. */
export interface FirstRequest {
  /** For example "/importer.Importer/Init". */
  readonly path: string;
  /** The `user-agent` header, for example "grpc-go/1.81.1"; empty if it is missing. */
  readonly userAgent: string;
}

/**
 * The services of a connection: a list, or a function that returns the list for the first request. Two generations of
 * the protocol share some paths, so one list cannot hold both. The function is called once per connection; if it
 * throws, every call of the connection is answered with that error.
 */
export type Services = readonly ServedService[] | ((first: FirstRequest) => readonly ServedService[]);

/** The options of a server. */
export interface ServerOptions {
  readonly services: Services;
  /** The largest message in either direction, in bytes. Default: 4 MiB, the limit of hosts. */
  readonly maxMessageBytes?: number;
  /** Called with errors of the connection itself. A peer that has gone is not an error. */
  readonly onError?: (error: Error) => void;
}

/** A connection that is being served. */
export interface Server {
  /**
   * Resolves when the connection has ended, by the end of input, an error, or `close()`. By then the signals of all
   * calls that were running are aborted. Never rejects.
   *
   * @returns The error that ended the connection and was passed to `onError` (the host broke the protocol); undefined
   * otherwise, also if the host has gone.
   */
  readonly closed: Promise<Error | undefined>;
  /** Ends the connection immediately. Sends no GOAWAY, because hosts would hang. */
  close(): void;
}

/**
 * Serves gRPC over one HTTP/2 connection with prior knowledge. The server takes over the duplex.
 *
 * Rules for every server:
 * - The requests of an implementation end cleanly only if the host half-closed the stream. Anything else that ends them
 *   (a reset with any code, the end of the connection) is thrown to the implementation, and aborts the call's signal.
 * - An error that an implementation throws reaches the host with its text unchanged and code UNKNOWN.
 * - Back-pressure works in both directions: no data is read faster than it is consumed.
 * - A GOAWAY frame is never sent.
 */
export type Serve = (duplex: Duplex, options: ServerOptions) => Server;
