/** The host has broken HTTP/2: the connection can not go on. */
export class HostProtocolError extends Error {
  override readonly name = "HostProtocolError";
}
