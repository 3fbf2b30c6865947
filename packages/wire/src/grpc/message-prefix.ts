import { readUint32, writeUint32 } from "../http2/frames.js";

/** Length of the prefix of a gRPC message: one byte of flags, four bytes of length, big-endian. */
export const PREFIX_LENGTH = 5;

/** The largest message that a host accepts, in bytes: grpc-go's default. A larger one fails its call. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Writes the prefix of an uncompressed message to the start of `target`. */
export function writePrefix(target: Uint8Array, length: number): void {
  target[0] = 0;
  writeUint32(target, 1, length);
}

/** Returns the prefix of an uncompressed message, for a sender that writes it separately. */
export function prefixOf(length: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_LENGTH);
  writePrefix(prefix, length);
  return prefix;
}

/** Reads the length of a message from its prefix at `at`. */
export function messageLength(prefix: Uint8Array, at = 0): number {
  return readUint32(prefix, at + 1);
}
