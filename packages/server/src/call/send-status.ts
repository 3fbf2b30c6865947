import { headerBlock } from "../http2/header-blocks.js";
import type { Http2Connection } from "../http2/http2-connection.js";
import type { Http2Stream } from "../http2/http2-stream.js";
import { statusFields, trailersOf, type Status } from "./status.js";

/** Ends a call with trailers, or with the only header block of a response without messages ("Trailers-Only"). */
export function sendStatus(
  connection: Http2Connection,
  stream: Http2Stream,
  status: Status,
  hasHeaders: boolean,
): void {
  const block = hasHeaders
    ? trailersOf(status)
    : headerBlock([[":status", "200"], ["content-type", "application/grpc"], ...statusFields(status)]);
  connection.sendHeaders(stream, block, true);
}

/** Answers a request that is not gRPC with an HTTP error. */
export function sendHttpError(connection: Http2Connection, stream: Http2Stream, code: number, text: string): void {
  const bytes = Buffer.from(text);
  connection.sendHeaders(
    stream,
    headerBlock([
      [":status", String(code)],
      ["content-type", "text/plain"],
      ["content-length", String(bytes.length)],
    ]),
    false,
  );
  const body = {
    length: bytes.length,
    copy: (target: Uint8Array, targetStart: number, from: number, to: number): void => {
      target.set(bytes.subarray(from, to), targetStart);
    },
  };
  connection.sendData(stream, body, true, () => undefined);
}
