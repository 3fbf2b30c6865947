import { HostProtocolError } from "@kloset/wire/http2";
import type { FrameHeader } from "./frame-reader.js";
import type { StreamEndings } from "./stream-endings.js";
import type { Streams } from "./streams.js";

/**
 * Handles RST_STREAM (RFC 9113, section 6.4) with any code.
 *
 * @throws HostProtocolError when it is malformed, or its stream is idle.
 */
export function onReset(streams: Streams, endings: StreamEndings, { stream: id, length }: FrameHeader): void {
  if (length !== 4) throw new HostProtocolError(`the host sent a RST_STREAM frame of ${length} bytes; it has 4`);
  if (streams.isIdle(id)) throw new HostProtocolError(`the host reset stream ${id}, which it has not opened`);
  const stream = streams.get(id);
  if (stream !== undefined) endings.lost(stream, "the host cancelled the call");
}
