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
  frameHeaderLength,
  frameType,
  initialWindow,
  maxWindow,
  preface,
  readUint32,
  setting,
  writeFrameHeader,
  writeUint32,
} from "./frames.js";
export { brokenProtocol, HostProtocolError } from "./host-protocol-error.js";
export {
  connectionWindowBytes,
  maxBacklogBytes,
  maxConcurrentStreams,
  maxFrameBytes,
  maxQuotedLength,
  maxUnreadBytes,
  streamWindowBytes,
} from "./limits.js";
export { isPeerGone } from "./peer-gone.js";
export { reopenedNeverBlocks } from "./platform.js";
export { notServed, quoted } from "./refusals.js";
export { callRefusal, httpRefusal } from "./request-checks.js";
export { defaultMaxMessageBytes } from "./server.js";
export { grpcMessage, statusError } from "./status.js";
