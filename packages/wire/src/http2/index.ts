/**
 * HTTP/2 (RFC 9113): frame constants, protocol errors, and the limits that a plugin sets for its host.
 *
 * @module
 */
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
export {
  CONNECTION_WINDOW_BYTES,
  FRAME_COST_BYTES,
  MAX_BACKLOG_BYTES,
  MAX_CONCURRENT_STREAMS,
  MAX_DYING_BYTES,
  MAX_DYING_STREAMS,
  MAX_FRAME_BYTES,
  MAX_QUOTED_LENGTH,
  MAX_SHARED_FRAMES,
  MAX_UNREAD_BYTES,
  STREAM_WINDOW_BYTES,
} from "./limits.js";
export { brokenProtocol, HostProtocolError } from "./protocol-error.js";
