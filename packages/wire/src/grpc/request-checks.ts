import { Code } from "./code.js";
import { StatusError } from "./status-error.js";
import { timeoutMsOf } from "./timeout.js";
import { compressed, quoted } from "./refusals.js";

/** The request headers that decide whether a request is a gRPC call. */
export interface RequestHeaders {
  readonly method: string;
  /** `content-type`; undefined if the header is missing, like the two below. */
  readonly contentType: string | undefined;
  /** `grpc-encoding`. */
  readonly encoding: string | undefined;
  /** `grpc-timeout`. */
  readonly timeout: string | undefined;
}

/** Protobuf only: gRPC also has "+json" and others, but hosts do not use them. */
const grpcType = /^application\/grpc(?:\+proto)?(?:;|$)/i;

/**
 * Checks that a request is a gRPC call, regardless of its path.
 *
 * @returns The HTTP status of the refusal; undefined if it is a gRPC call.
 */
export function httpRefusal({
  method,
  contentType = "",
}: Pick<RequestHeaders, "method" | "contentType">): 405 | 415 | undefined {
  if (method !== "POST") return 405;
  return grpcType.test(contentType) ? undefined : 415;
}

/**
 * Checks that a call's headers ask for nothing that is unsupported.
 *
 * @returns The error of the refusal; undefined if the call can be served.
 */
export function callRefusal({
  encoding,
  timeout,
}: Pick<RequestHeaders, "encoding" | "timeout">): StatusError | undefined {
  const compression = compressed(encoding);
  if (compression !== undefined) return new StatusError(compression, Code.Unimplemented);
  if (timeout === undefined || timeoutMsOf(timeout) !== undefined) return undefined;
  return new StatusError(`protocol error: invalid grpc timeout value: ${quoted(timeout)}`, Code.InvalidArgument);
}
