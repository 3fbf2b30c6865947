import { grpcMessage, statusError } from "@kloset/wire/grpc";
import { headerBlock, okTrailers, type HeaderField } from "../http2/header-blocks.js";

/** The end of a call (gRPC over HTTP/2, "Trailers"). */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** The status of a call that has succeeded. */
export const okStatus: Status = { code: 0, message: "" };

/**
 * Converts a thrown value to a status. Errors of plugin authors are UNKNOWN, as in a
 * Go plugin; an error with a gRPC code of its own keeps it.
 */
export function statusOf(error: unknown): Status {
  const { code, rawMessage } = statusError(error);
  return { code, message: rawMessage };
}

/** Encodes the header block that ends a call. */
export function trailersOf({ code, message }: Status): Uint8Array {
  if (code === 0) return okTrailers;
  return headerBlock(statusFields({ code, message }));
}

/** Returns the header fields of a status. */
export function statusFields({ code, message }: Status): HeaderField[] {
  return [
    ["grpc-status", String(code)],
    ["grpc-message", grpcMessage(encodeURIComponent(message))],
  ];
}
