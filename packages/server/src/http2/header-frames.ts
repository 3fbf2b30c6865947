import {
  brokenProtocol,
  errorCode,
  frameFlag,
  frameType,
  MAX_CONCURRENT_STREAMS,
  STREAM_WINDOW_BYTES,
} from "@kloset/wire/http2";
import { StreamError } from "./errors.js";
import type { SendFlow } from "./flow-control.js";
import type { FrameHeader } from "./frame-reader.js";
import { HeaderCollector } from "./header-collector.js";
import type { HeaderField } from "./hpack/index.js";
import { Http2Stream, type StreamHandler } from "./http2-stream.js";
import { dependency, selfDependency } from "./priority.js";
import { checkTrailers, requestHead } from "./request-head.js";
import type { StreamEndings } from "./stream-endings.js";
import type { Streams } from "./streams.js";

/** Bytes of priority in a HEADERS frame (RFC 9113, section 6.2). */
const PRIORITY_LENGTH = 5;

/** A header list; undefined when it exceeds the limits. */
type List = readonly HeaderField[] | undefined;

/** Handles HEADERS and CONTINUATION (RFC 9113, sections 4.3, 6.2 and 6.10), which begin requests and may end them. */
export class HeaderFrames {
  readonly #streams: Streams;
  readonly #endings: StreamEndings;
  readonly #flow: SendFlow;
  readonly #onRequest: (stream: Http2Stream) => StreamHandler;
  readonly #collector = new HeaderCollector();
  /** The stream of the block. */
  #stream = 0;
  #endStream = false;
  #dependsOnItself = false;
  #isOpen = false;

  /** @param onRequest - Returns the handler of a request. */
  constructor(
    streams: Streams,
    endings: StreamEndings,
    flow: SendFlow,
    onRequest: (stream: Http2Stream) => StreamHandler,
  ) {
    this.#streams = streams;
    this.#endings = endings;
    this.#flow = flow;
    this.#onRequest = onRequest;
  }

  /** Rejects frames between those of a header block (RFC 9113, section 6.10). @throws HostProtocolError. */
  checkOrder({ type, stream }: FrameHeader): void {
    if (!this.#isOpen || (type === frameType.continuation && stream === this.#stream)) return;
    throw brokenProtocol(errorCode.protocolError, "a header block was interrupted");
  }

  /** Handles HEADERS (RFC 9113, section 6.2). @throws StreamError, HostProtocolError. */
  headers({ stream: id, flags }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (id % 2 === 0) throw brokenProtocol(errorCode.protocolError, "HEADERS on a stream that a client cannot open");
    let from = start;
    let to = end;
    if ((flags & frameFlag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from += 1;
    }
    const hasPriority = (flags & frameFlag.priority) !== 0;
    const dependsOn = hasPriority ? dependency(bytes, from) : -1;
    if (hasPriority) from += PRIORITY_LENGTH;
    // Rejects frames too short for these fields as well: bytes read past their end are not used.
    if (from > to) throw brokenProtocol(errorCode.protocolError, "padding as long as its frame");
    this.#stream = id;
    this.#endStream = (flags & frameFlag.endStream) !== 0;
    this.#dependsOnItself = dependsOn === id;
    this.#isOpen = (flags & frameFlag.endHeaders) === 0;
    if (this.#isOpen) this.#collector.begin(bytes, from, to);
    else this.#onBlock(this.#collector.decode(bytes, from, to));
  }

  /** Handles CONTINUATION (RFC 9113, section 6.10). @throws StreamError, HostProtocolError. */
  continuation({ flags }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isOpen) throw brokenProtocol(errorCode.protocolError, "CONTINUATION behind no HEADERS");
    this.#collector.add(bytes, start, end);
    if ((flags & frameFlag.endHeaders) === 0) return;
    this.#isOpen = false;
    this.#onBlock(this.#collector.finish());
  }

  /** Handles a list. Even unused ones are decoded, to keep both tables in step (RFC 9113, section 4.3). */
  #onBlock(list: List): void {
    const id = this.#stream;
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#onTrailers(stream, list);
    else if (this.#streams.isIdle(id)) this.#onRequestHeaders(id, list);
    // RFC 9113, section 5.1: drop frames in flight of streams that this side has reset.
    else if (!this.#streams.wasReset(id))
      throw brokenProtocol(errorCode.streamClosed, "HEADERS on a stream that is closed");
  }

  #onRequestHeaders(id: number, list: List): void {
    this.#streams.begin(id);
    if (list === undefined) throw new StreamError(id, errorCode.enhanceYourCalm, "too many headers");
    if (this.#dependsOnItself) throw selfDependency(id);
    const head = requestHead(id, list);
    // RFC 9113, section 5.1.2.
    if (this.#streams.count >= MAX_CONCURRENT_STREAMS) {
      this.#endings.refuse(id, errorCode.refusedStream);
      return;
    }
    const stream = new Http2Stream(id, head, { send: this.#flow.initial, receive: STREAM_WINDOW_BYTES });
    this.#streams.open(stream);
    stream.handler = this.#onRequest(stream);
    if (this.#endStream) this.#endings.hostEnded(stream);
  }

  #onTrailers(stream: Http2Stream, list: List): void {
    if (stream.hostEnded) {
      this.#endings.cut(stream, "the host sent headers behind its end", errorCode.streamClosed);
      return;
    }
    // RFC 9113, section 8.1.
    if (!this.#endStream)
      throw new StreamError(stream.id, errorCode.protocolError, "trailers that do not end the stream");
    if (list !== undefined) checkTrailers(stream.id, list);
    this.#endings.hostEnded(stream);
  }
}
