import { brokenProtocol, errorCode, MAX_WINDOW, readUint32 } from "@kloset/wire/http2";
import { StreamError } from "./errors.js";
import type { FrameHeader } from "./frame-reader.js";

/**
 * Checks PRIORITY (RFC 9113, section 6.3), which no longer has a meaning but must be
 * well-formed. It may name an idle stream.
 *
 * @throws StreamError, HostProtocolError.
 */
export function checkPriority({ stream, length }: FrameHeader, bytes: Uint8Array, start: number): void {
  if (stream === 0) throw brokenProtocol(errorCode.protocolError, "PRIORITY on stream 0");
  if (length !== 5) throw new StreamError(stream, errorCode.frameSizeError, "a PRIORITY frame has 5 bytes");
  if (dependency(bytes, start) === stream) throw selfDependency(stream);
}

/** Reads the stream that another one depends on (RFC 7540, section 5.3.1). */
export function dependency(bytes: Uint8Array, start: number): number {
  return readUint32(bytes, start) & MAX_WINDOW;
}

/** Creates the error for a stream that depends on itself (RFC 7540, section 5.3.1). */
export function selfDependency(stream: number): StreamError {
  return new StreamError(stream, errorCode.protocolError, "a stream that depends on itself");
}
