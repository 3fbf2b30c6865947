import { readUint32, writeUint32 } from "../http2/frames.js";

/** Length of the prefix of a gRPC message: one byte of flags, four bytes of length, big-endian. */
export const PREFIX_LENGTH = 5;

/** Writes the prefix of an uncompressed message to the start of `target`. */
export function writePrefix(target: Uint8Array, length: number): void {
  target[0] = 0;
  writeUint32(target, 1, length);
}

/** Reads the length of a message from its prefix at `at`. */
export function messageLength(prefix: Uint8Array, at = 0): number {
  return readUint32(prefix, at + 1);
}
