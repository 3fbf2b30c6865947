import { encodeHeaders, type HeaderField } from "./hpack/index.js";

export type { HeaderField };

/** Encodes a list of header fields. */
export function headerBlock(fields: readonly HeaderField[]): Uint8Array {
  return encodeHeaders(fields);
}

/** The headers of every gRPC response that has messages. */
export const responseHeaders = headerBlock([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
