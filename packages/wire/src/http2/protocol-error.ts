/** The host has broken HTTP/2: the connection can not go on. */
export class HostProtocolError extends Error {
  override readonly name = "HostProtocolError";
}

/** By code (RFC 9113, section 7). */
const errorNames = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
];

/**
 * A connection error (RFC 9113, section 5.4.1), for the log.
 *
 * @param detail - What the code alone does not tell; may be empty.
 */
export function brokenProtocol(code: number, detail: string): HostProtocolError {
  const name = errorNames[code] ?? `error ${code}`;
  return new HostProtocolError(`the host broke HTTP/2: ${name}${detail === "" ? "" : ` (${detail})`}`);
}
