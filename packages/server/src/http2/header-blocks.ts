import { encodeHeaders, type HeaderField } from "./hpack/index.js";

export type { HeaderField };

/** Encodes a list of header fields. */
export function headerBlock(fields: readonly HeaderField[]): Uint8Array {
  return encodeHeaders(fields);
}

/**
 * The headers of every gRPC response that has messages: `:status` 200 (entry 8 of the
 * static table) and `content-type` (entry 31) application/grpc. These and the usual trailers
 * are precomputed: encoding them at every start takes longer than sending them.
 */
export const responseHeaders = Buffer.from("\x88\x0f\x10\x10application/grpc", "latin1");

/** The trailers of a call that has succeeded: `grpc-status` 0. */
export const okTrailers = Buffer.from("\x00\x0bgrpc-status\x010", "latin1");

/** A dynamic table size update to 0 (RFC 7541, section 6.3). */
const NO_TABLE = 0x20;

/**
 * Prefixes a block with a size update that disables the dynamic table. The encoder never
 * uses the table, but if the host allows less than the initial 4,096 bytes, the first
 * header block must acknowledge the smaller size (RFC 7541, section 4.2).
 */
export function withoutTable(block: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + block.length);
  whole[0] = NO_TABLE;
  whole.set(block, 1);
  return whole;
}
