import { encodeHeaders, type HeaderField } from "./hpack/index.js";

export type { HeaderField };

/** Encodes a list of header fields. */
export function headerBlock(fields: readonly HeaderField[]): Uint8Array {
  return encodeHeaders(fields);
}

/**
 * The headers of every gRPC response that has messages: `:status` 200 (entry 8 of the
 * static table) and `content-type` (entry 31) application/grpc. Written out, as is
 * what most calls end with: to encode them at every start takes longer than to send them.
 */
export const responseHeaders = Buffer.from("\x88\x0f\x10\x10application/grpc", "latin1");

/** The trailers of a call that has ended well: `grpc-status` 0. */
export const okTrailers = Buffer.from("\x00\x0bgrpc-status\x010", "latin1");

/** A dynamic table size update to 0 (RFC 7541, section 6.3). */
const NO_TABLE = 0x20;

/**
 * The same block, which says before that no dynamic table is used from here on. It
 * is not used anyway; but a host that allows less of it than the 4,096 bytes that a
 * connection begins with has to be told that it has shrunk (RFC 7541, section 4.2).
 */
export function withoutTable(block: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + block.length);
  whole[0] = NO_TABLE;
  whole.set(block, 1);
  return whole;
}
