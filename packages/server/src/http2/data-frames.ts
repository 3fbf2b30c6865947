import { brokenProtocol, errorCode, frameFlag } from "@kloset/wire/http2";
import { StreamError } from "./errors.js";
import type { ReceiveFlow } from "./flow-control.js";
import type { FrameHeader } from "./frame-reader.js";
import type { Http2Stream } from "./http2-stream.js";
import type { StreamEndings } from "./stream-endings.js";
import type { Streams } from "./streams.js";

/** Decodes DATA frames (RFC 9113, section 6.1). */
export class DataFrames {
  readonly #streams: Streams;
  readonly #endings: StreamEndings;
  readonly #flow: ReceiveFlow;
  /** The stream of the frame that is being read; undefined when its content is dropped. */
  #stream: Http2Stream | undefined;
  #endsStream = false;

  constructor(streams: Streams, endings: StreamEndings, flow: ReceiveFlow) {
    this.#streams = streams;
    this.#endings = endings;
    this.#flow = flow;
  }

  /** Begins a frame. @throws HostProtocolError. */
  begin({ stream: id, length, flags }: FrameHeader): void {
    this.#flow.arrived(length);
    if (id === 0) throw brokenProtocol(errorCode.protocolError, "DATA on stream 0");
    this.#endsStream = (flags & frameFlag.endStream) !== 0;
    if (length === 0 && !this.#endsStream) this.#endings.countInvalid();
    const stream = this.#streams.get(id);
    this.#stream = stream !== undefined && this.#isAccepted(stream, length) ? stream : undefined;
    if (stream !== undefined) return;
    if (this.#streams.isIdle(id)) throw brokenProtocol(errorCode.protocolError, "DATA on a stream that is idle");
    this.#endings.onClosed(id);
  }

  /** Receives content of the frame; `isLast` marks its end. */
  content(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const stream = this.#stream;
    // The handler may have ended the stream during an earlier part.
    if (stream === undefined || stream.isClosed) return;
    if (end > start) {
      if (stream.contentLeft >= 0 && !this.#countContent(stream, end - start)) return;
      stream.handler?.onData(bytes, start, end);
    }
    if (isLast && this.#endsStream && !isOver(stream)) this.#endings.hostEnded(stream);
  }

  /** Receives the whole payload of a frame with padding. @throws HostProtocolError. */
  padded(bytes: Uint8Array, start: number, end: number): void {
    const padding = bytes[start] ?? 0;
    // An empty frame also lacks room for the length of its padding.
    if (padding >= end - start) throw brokenProtocol(errorCode.protocolError, "padding as long as its frame");
    const contentEnd = end - padding;
    if (contentEnd === start + 1 && !this.#endsStream) this.#endings.countInvalid();
    // Padding is credited at once: it has no reader.
    if (this.#stream !== undefined) this.#flow.credit(this.#stream, padding + 1);
    this.content(bytes, start + 1, contentEnd, true);
  }

  #isAccepted(stream: Http2Stream, length: number): boolean {
    if (stream.hostEnded) this.#endings.cut(stream, "the host sent data behind its end", errorCode.streamClosed);
    else if (!this.#flow.arrivedFor(stream, length))
      this.#endings.cut(stream, "the host has sent more than it may", errorCode.flowControlError);
    else return true;
    return false;
  }

  /** Counts content (RFC 9113, section 8.1.1). @returns false when it exceeds `content-length`. */
  #countContent(stream: Http2Stream, length: number): boolean {
    stream.contentLeft -= length;
    if (stream.contentLeft >= 0) return true;
    this.#endings.malformed(new StreamError(stream.id, errorCode.protocolError, "more data than content-length"));
    return false;
  }
}

/** Reads the flag again: a handler may have ended the stream. */
function isOver({ isClosed }: Http2Stream): boolean {
  return isClosed;
}
