import { brokenProtocol, errorCode, frameFlag } from "@kloset/wire/http2";
import type { ControlFrames } from "./control-frames.js";
import type { FrameHeader } from "./frame-reader.js";

/** Answers PING (RFC 9113, section 6.7). @throws HostProtocolError when it is malformed or too many answers wait. */
export function onPing(
  control: ControlFrames,
  { stream, flags, length }: FrameHeader,
  bytes: Uint8Array,
  start: number,
): void {
  if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "PING on a stream");
  if (length !== 8) throw brokenProtocol(errorCode.frameSizeError, "a PING has 8 bytes");
  if ((flags & frameFlag.ack) === 0) control.acknowledgePing(bytes.subarray(start, start + 8));
}
