import type { IncomingHttpHeaders } from "node:http2";

/** How a call ended. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/**
 * Reads the status from trailers, or from the headers of an answer that has no
 * trailers.
 *
 * @returns undefined when there is none.
 */
export function statusOf(headers: IncomingHttpHeaders): Status | undefined {
  const code = headers["grpc-status"];
  if (typeof code !== "string" || !/^\d{1,9}$/.test(code)) return undefined;
  const message = headers["grpc-message"];
  return { code: Number(code), message: typeof message === "string" ? decodeStatusText(message) : "" };
}

/**
 * Undoes the percent-encoding of `grpc-message`. A percent sign that begins no
 * pair of hexadecimal digits stays as it is, as grpc-go has it: a damaged text
 * is better than none.
 */
export function decodeStatusText(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  // Header values reach Node as Latin-1, one character a byte.
  const bytes = Buffer.from(encoded, "latin1");
  const decoded = Buffer.alloc(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const pair = bytes[i] === 0x25 ? bytes.toString("latin1", i + 1, i + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      decoded[length++] = Number.parseInt(pair, 16);
      i += 2;
    } else {
      decoded[length++] = bytes[i] ?? 0;
    }
  }
  return decoded.toString("utf8", 0, length);
}
