import { brokenProtocol, errorCode, MAX_WINDOW, readUint32 } from "@kloset/wire/http2";
import { StreamError } from "./errors.js";
import type { FrameHeader } from "./frame-reader.js";

/**
 * PRIORITY (RFC 9113, section 6.3) means nothing any more, but has to be well-formed.
 * It may be on a stream that is idle.
 *
 * @throws StreamError, HostProtocolError.
 */
export function checkPriority({ stream, length }: FrameHeader, bytes: Uint8Array, start: number): void {
  if (stream === 0) throw brokenProtocol(errorCode.protocolError, "PRIORITY on stream 0");
  if (length !== 5) throw new StreamError(stream, errorCode.frameSizeError, "a PRIORITY frame has 5 bytes");
  if (dependency(bytes, start) === stream) throw selfDependency(stream);
}

/** The stream that another depends on (RFC 7540, section 5.3.1). */
export function dependency(bytes: Uint8Array, start: number): number {
  return readUint32(bytes, start) & MAX_WINDOW;
}

/** RFC 7540, section 5.3.1. */
export function selfDependency(stream: number): StreamError {
  return new StreamError(stream, errorCode.protocolError, "a stream that depends on itself");
}
