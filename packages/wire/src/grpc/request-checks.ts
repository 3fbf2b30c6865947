import { Code } from "./code.js";
import { StatusError } from "./status-error.js";
import { timeoutMsOf } from "./timeout.js";
import { compressed, quoted } from "./refusals.js";

/** The headers of a request, as far as they decide whether it is a call. */
export interface RequestHeaders {
  readonly method: string;
  /** `content-type`, `grpc-encoding` and `grpc-timeout`; undefined where there is none. */
  readonly contentType: string | undefined;
  readonly encoding: string | undefined;
  readonly timeout: string | undefined;
}

/** gRPC also knows "+json" and others; hosts send messages of protobuf, and nothing else is read. */
const grpcType = /^application\/grpc(?:\+proto)?(?:;|$)/i;

/**
 * Whether a request is a call of gRPC, whatever its path is.
 *
 * @returns the HTTP status to refuse it with; undefined when it is one.
 */
export function httpRefusal({
  method,
  contentType = "",
}: Pick<RequestHeaders, "method" | "contentType">): 405 | 415 | undefined {
  if (method !== "POST") return 405;
  return grpcType.test(contentType) ? undefined : 415;
}

/**
 * What a call asks for by its headers that it can not have.
 *
 * @returns undefined when there is nothing of the kind.
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
