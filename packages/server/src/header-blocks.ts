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

/** A dynamic table size update to 0 (RFC 7541, section 6.3). */
const noTable = 0x20;

/**
 * The same block, which says before that no dynamic table is used from here on. It
 * is not used anyway; but a host that allows less of it than the 4,096 bytes that a
 * connection begins with has to be told that it has shrunk (RFC 7541, section 4.2).
 */
export function withoutTable(block: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(noTable), block]);
}
