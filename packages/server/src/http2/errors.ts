import { HostProtocolError } from "@kloset/wire/http2";

/** Creates the error for a flood of frames that are each allowed. */
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
