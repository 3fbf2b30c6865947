import { brokenProtocol, errorCode } from "@kloset/wire/http2";
import type { FrameHeader } from "./frame-reader.js";

/** The identifier of the last stream, and a code. */
const LEAST_LENGTH = 8;

/**
 * Handles GOAWAY (RFC 9113, section 6.8), which announces that the host is about to leave.
 * Running calls may finish, and the content of the frame is ignored: grpc-go names one of
 * its own (odd) streams where a stream of this side is expected.
 *
 * @throws HostProtocolError when it is malformed.
 */
export function checkGoaway({ stream, length }: FrameHeader): void {
  if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "GOAWAY on a stream");
  if (length < LEAST_LENGTH) throw brokenProtocol(errorCode.frameSizeError, "a GOAWAY has 8 bytes, at least");
}
