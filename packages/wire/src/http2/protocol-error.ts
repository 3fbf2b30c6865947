/** An error for a host that has broken HTTP/2, which ends the connection. */
export class HostProtocolError extends Error {
  override readonly name = "HostProtocolError";
}

/** The names of the error codes, indexed by code (RFC 9113, section 7). */
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
 * Creates a connection error (RFC 9113, section 5.4.1) for the log.
 *
 * @param detail - Details beyond the code; may be empty.
 */
export function brokenProtocol(code: number, detail: string): HostProtocolError {
  const name = errorNames[code] ?? `error ${code}`;
  return new HostProtocolError(`the host broke HTTP/2: ${name}${detail === "" ? "" : ` (${detail})`}`);
}
