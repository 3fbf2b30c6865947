import { createCipheriv, createHash } from "node:crypto";

const MiB = 1024 * 1024;

/** Returns pseudo-random bytes that depend only on the seed, so that a lost or repeated part is detected. */
export function contentOfLength(length: number, seed = 1): Buffer {
  // AES in counter mode takes milliseconds; a loop in Jest takes a minute.
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Splits content into pieces of at most 1 MiB by default, as hosts send it. */
export function piecesOf(content: Uint8Array, length = MiB): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += length) pieces.push(content.subarray(at, at + length));
  return pieces;
}

/** Returns the SHA-256 digest in hexadecimal. */
export function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
