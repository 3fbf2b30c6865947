/**
 * What every server that is a `Serve` needs, whatever it is built on: the
 * bounds, the words that hosts are told, and how connections end.
 *
 * @module
 */
export { CutOffError, cutOff } from "./cut-off.js";
export { isFarDeadline, timeoutMsOf } from "./deadline.js";
export { takeEarlyInput } from "./early-input.js";
export { decidedByFirst } from "./first-request.js";
export {
  errorCode,
  frameFlag,
  FRAME_HEADER_LENGTH,
  frameType,
  INITIAL_WINDOW,
  MAX_WINDOW,
  preface,
  readUint32,
  setting,
  writeFrameHeader,
  writeUint32,
} from "./frames.js";
export { brokenProtocol, HostProtocolError } from "./host-protocol-error.js";
export {
  CONNECTION_WINDOW_BYTES,
  MAX_BACKLOG_BYTES,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_BYTES,
  MAX_QUOTED_LENGTH,
  MAX_UNREAD_BYTES,
  STREAM_WINDOW_BYTES,
} from "./limits.js";
export { isPeerGone } from "./peer-gone.js";
export { reopenedNeverBlocks } from "./platform.js";
export { notServed, quoted } from "./refusals.js";
export { callRefusal, httpRefusal } from "./request-checks.js";
export { DEFAULT_MAX_MESSAGE_BYTES } from "./server.js";
export { grpcMessage, statusError } from "./status.js";
