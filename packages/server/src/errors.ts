import { errorCode } from "./frames.js";

/** The host has broken HTTP/2: the connection can not go on. */
export class HostProtocolError extends Error {
  override readonly name = "HostProtocolError";
}

const names = Object.entries({
  NO_ERROR: errorCode.noError,
  PROTOCOL_ERROR: errorCode.protocolError,
  INTERNAL_ERROR: errorCode.internalError,
  FLOW_CONTROL_ERROR: errorCode.flowControlError,
  SETTINGS_TIMEOUT: errorCode.settingsTimeout,
  STREAM_CLOSED: errorCode.streamClosed,
  FRAME_SIZE_ERROR: errorCode.frameSizeError,
  REFUSED_STREAM: errorCode.refusedStream,
  CANCEL: errorCode.cancel,
  COMPRESSION_ERROR: errorCode.compressionError,
  CONNECT_ERROR: errorCode.connectError,
  ENHANCE_YOUR_CALM: errorCode.enhanceYourCalm,
});

/**
 * A connection error (RFC 9113, section 5.4.1).
 *
 * The RFC asks for a GOAWAY that carries the code. None is sent: a Plakar 1.1.4
 * hangs on one. The connection ends, and the text goes to the log instead.
 */
export function connectionError(code: number, detail: string): HostProtocolError {
  const name = names.find(([, value]) => value === code)?.[0] ?? `error ${String(code)}`;
  return new HostProtocolError(`the host broke HTTP/2: ${name} (${detail})`);
}

/** A flood: nothing of it is forbidden, all of it together is. */
export function floodError(detail: string): HostProtocolError {
  return new HostProtocolError(`the host broke HTTP/2: ${detail}`);
}

/** A stream error (RFC 9113, section 5.4.2): the stream is reset with the code, the connection goes on. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  constructor(
    readonly stream: number,
    readonly code: number,
    detail: string,
  ) {
    super(detail);
  }
}

/**
 * Why a call is over before its end, as its signal's reason. Named as the web
 * platform names it, so that code which asks for `AbortError` finds it.
 */
export class CutOffError extends Error {
  override readonly name = "AbortError";
  /** As Node's own abort errors have it. */
  readonly code = "ABORT_ERR";
}

/**
 * Calls end in thousands, each with its reason, and where that was made tells
 * nothing: no stack is taken, which is most of what an error costs.
 */
export function cutOff(message: string): CutOffError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new CutOffError(message);
  } finally {
    Error.stackTraceLimit = limit;
  }
}
