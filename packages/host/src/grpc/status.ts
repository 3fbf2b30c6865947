import type { IncomingHttpHeaders } from "node:http2";

/** The status of a call that has ended. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/**
 * Reads the status from trailers, or from the headers of a trailers-only response.
 *
 * @returns undefined if the headers contain no status.
 */
export function statusOf(headers: IncomingHttpHeaders): Status | undefined {
  const code = headers["grpc-status"];
  if (typeof code !== "string" || !/^\d{1,9}$/.test(code)) return undefined;
  const message = headers["grpc-message"];
  return { code: Number(code), message: typeof message === "string" ? decodeStatusText(message) : "" };
}

/**
 * Decodes the percent-encoding of `grpc-message`. A percent sign that is not followed by two hexadecimal digits is
 * kept, as in grpc-go: damaged text is better than none.
 */
export function decodeStatusText(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  // Node decodes header values as Latin-1, one character per byte.
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
