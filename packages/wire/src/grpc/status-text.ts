import { masked } from "@kloset/log";
import { Code } from "./code.js";
import { errorText } from "./error-text.js";
import { isCodedError, StatusError } from "./status-error.js";

/**
 * The longest status text, in bytes after encodeURIComponent (a space is 3 bytes, "é" is 6). The encoding that is sent
 * is never longer. nghttp2 sends no header block over 64 KiB, and closes the connection if one is; grpc-go accepts
 * 16 MiB.
 */
export const MAX_STATUS_TEXT_LENGTH = 48 * 1024;

/** Room for "… (4294967295 more bytes)", encoded. */
const ENDING_LENGTH = 64;

/**
 * Converts a status text from the encoding of encodeURIComponent, which Connect uses, to gRPC's own: printable ASCII
 * is not encoded, except for "%". Otherwise grpc-js would show "%3A" for a colon. A space at either end stays encoded,
 * because HTTP/2 forbids it there.
 */
export function grpcMessage(encoded: string): string {
  const plain = encoded.replace(/%([2-7][\dA-F])/g, (escape, hex: string) =>
    hex === "25" || hex === "7F" ? escape : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return plain.replace(/^ | $/g, "%20");
}

/**
 * Returns the text that a host shows for an error: the {@link errorText}, shortened to fit into a header. A shortened
 * text ends in "… (N more bytes)".
 *
 * @param error - Anything that can be thrown.
 */
export function statusText(error: unknown): string {
  const text = (codedText(error) ?? errorText(error)).toWellFormed();
  // A UTF-16 unit is 9 bytes at most: most texts need no counting.
  if (text.length * 9 <= MAX_STATUS_TEXT_LENGTH) return text;
  let length = 0;
  let cut = 0;
  for (const character of text) {
    length += encodedLength(character);
    if (length <= MAX_STATUS_TEXT_LENGTH - ENDING_LENGTH) cut += character.length;
    else if (length > MAX_STATUS_TEXT_LENGTH) break;
  }
  if (length <= MAX_STATUS_TEXT_LENGTH) return text;
  const more = Buffer.byteLength(text.slice(cut));
  return `${text.slice(0, cut)}… (${more} more bytes)`;
}

/** The text of an error that names its gRPC code, even if it is empty. */
function codedText(error: unknown): string | undefined {
  try {
    return isCodedError(error) ? masked(error.rawMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** The length of one character after encodeURIComponent. */
function encodedLength(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80) return /[\w\-.!~*'()]/.test(character) ? 1 : 3;
  if (point < 0x800) return 6;
  return point < 0x10000 ? 9 : 12;
}

/**
 * Converts a thrown value to the error that is sent to the host. The code is UNKNOWN, as Go plugins report it, unless
 * the error has a gRPC code of its own.
 *
 * Metadata and details are dropped: an error from a client of another service would carry that service's headers to
 * Plakar.
 */
export function statusError(error: unknown): StatusError {
  const code = isCodedError(error) ? error.code : Code.Unknown;
  return new StatusError(statusText(error), code, error);
}
