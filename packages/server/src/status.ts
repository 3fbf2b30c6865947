import { maxQuotedLength } from "./limits.js";
import { headerBlock, type HeaderField } from "./header-blocks.js";

/** The end of a call (gRPC over HTTP/2, "Trailers"). */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** The status of a call that has ended well. */
export const okStatus: Status = { code: 0, message: "" };

/**
 * The longest status text, in bytes as it is sent at the most (9 for a character
 * of 3 bytes): grpc-go takes headers of 16 MiB, other clients of 64 KiB.
 */
export const maxStatusTextLength = 48 * 1024;

/** Room for "… (4294967295 more bytes)", encoded. */
const endingLength = 64;

/** gRPC's codes end here. */
const maxCode = 16;
const unknownCode = 2;

/**
 * The status that goes out for what was thrown. What an author throws is UNKNOWN,
 * as a Go plugin reports it; an error that names its gRPC code keeps it: a
 * StatusError, or a ConnectError, which is known by its shape, as loading
 * Connect takes longer than all else at the start of a plugin.
 */
export function statusOf(error: unknown): Status {
  const code = isCoded(error) ? error.code : unknownCode;
  return { code, message: statusText(error) };
}

/** As much of what a host has sent as a text repeats. */
export function quoted(text: string): string {
  return text.length <= maxQuotedLength ? text : `${text.slice(0, maxQuotedLength)}…`;
}

/**
 * What a host shows of an error: the author's own words. Lone surrogates become
 * U+FFFD (they have no encoding), and a text too long for a header ends in
 * "… (N more bytes)".
 *
 * @param error - Anything that can be thrown.
 */
export function statusText(error: unknown): string {
  const text = plainText(error).replace(/\p{Surrogate}/gu, "\uFFFD");
  // A UTF-16 unit is 9 bytes at most: most texts need no counting.
  if (text.length * 9 <= maxStatusTextLength) return text;
  let length = 0;
  let cut = 0;
  for (const character of text) {
    length += encodedLength(character);
    if (length <= maxStatusTextLength - endingLength) cut += character.length;
    else if (length > maxStatusTextLength) break;
  }
  if (length <= maxStatusTextLength) return text;
  const more = Buffer.byteLength(text.slice(cut));
  return `${text.slice(0, cut)}… (${String(more)} more bytes)`;
}

/**
 * A text in gRPC's encoding ("Percent-Encoded"): printable ASCII stands for
 * itself, but for "%". A space at an end is encoded: HTTP/2 forbids one there.
 */
export function grpcMessage(text: string): string {
  const encoded = encodeURIComponent(text).replace(/%([2-7][\dA-F])/g, (escape, hex: string) =>
    hex === "25" || hex === "7F" ? escape : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return encoded.replace(/^ | $/g, "%20");
}

const okTrailers = headerBlock([["grpc-status", "0"]]);

/** The header block that ends a call. */
export function trailersOf({ code, message }: Status): Uint8Array {
  if (code === 0) return okTrailers;
  return headerBlock(statusFields({ code, message }));
}

/** The fields of a status. */
export function statusFields({ code, message }: Status): HeaderField[] {
  return [
    ["grpc-status", String(code)],
    ["grpc-message", grpcMessage(message)],
  ];
}

function encodedLength(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80) return /[\w\-.!~*'()]/.test(character) ? 1 : 3;
  if (point < 0x800) return 6;
  return point < 0x10000 ? 9 : 12;
}

function isCoded(error: unknown): error is { readonly code: number } {
  if (!(error instanceof Error) || !("code" in error)) return false;
  if (error.name !== "StatusError" && error.name !== "ConnectError") return false;
  return typeof error.code === "number" && Number.isInteger(error.code) && error.code > 0 && error.code <= maxCode;
}

function plainText(error: unknown): string {
  try {
    if (typeof error === "string") return error;
    return isErrorLike(error) ? messageOf(error) : `${String(error)} was thrown`;
  } catch {
    return "something was thrown that has no text";
  }
}

/** Errors of another realm (a `vm` context) are no instances of this one's `Error`. */
function isErrorLike(error: unknown): error is Error {
  if (error instanceof Error) return true;
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}

/** Node leaves the message of some errors empty (ECONNREFUSED on every address): say more. */
function messageOf(error: Error): string {
  // Connect puts its code before the text.
  if ("rawMessage" in error && typeof error.rawMessage === "string") return error.rawMessage;
  if (error.message !== "") return error.message;
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.map((one: unknown) => plainText(one)).join("; ");
  }
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
