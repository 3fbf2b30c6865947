import { createCipheriv, createHash } from "node:crypto";

const MiB = 1024 * 1024;

/** Bytes that look like chance and are the same every time: a piece that is lost or doubled shows. */
export function contentOfLength(length: number, seed = 1): Buffer {
  // The key stream of AES in counter mode: in a moment, where a loop in Jest takes a minute.
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** The content in pieces of AT most 1 MiB, as hosts send it. */
export function piecesOf(content: Uint8Array, length = MiB): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += length) pieces.push(content.subarray(at, at + length));
  return pieces;
}

/** SHA-256, in hexadecimal digits. */
export function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
