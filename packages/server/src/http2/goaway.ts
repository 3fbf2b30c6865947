import { brokenProtocol, errorCode } from "@kloset/wire/http2";
import type { FrameHeader } from "./frame-reader.js";

/** The last stream's identifier and a code. */
const LEAST_LENGTH = 8;

/**
 * GOAWAY from the host (RFC 9113, section 6.8) only says that it is about to
 * leave: calls that run may finish, and what it carries changes nothing. grpc-go's
 * names a stream of its own, an odd one, where there should be one of this side's.
 *
 * @throws HostProtocolError when it is malformed.
 */
export function checkGoaway({ stream, length }: FrameHeader): void {
  if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "GOAWAY on a stream");
  if (length < LEAST_LENGTH) throw brokenProtocol(errorCode.frameSizeError, "a GOAWAY has 8 bytes, at least");
}
