import {
  brokenProtocol,
  connectionWindowBytes,
  cutOff,
  errorCode,
  frameFlag,
  frameHeaderLength,
  frameType,
  HostProtocolError,
  initialWindow,
  maxConcurrentStreams,
  maxUnreadBytes,
  maxWindow,
  readUint32,
  setting,
  streamWindowBytes,
  writeFrameHeader,
  writeUint32,
} from "@kloset/connection/serving";
import type { Channel } from "./channel.js";
import { floodError, StreamError } from "./errors.js";
import { FrameReader, type FrameHeader, type FrameSink } from "./frame-reader.js";
import { HeaderCollector } from "./header-collector.js";
import { Http2Stream, type Body, type StreamHandler } from "./http2-stream.js";
import { connectionCreditBytes, maxHeaderListBytes, maxInvalidFrames, maxResetStreams, maxWaitingAnswers, streamCreditBytes } from "./limits.js";
import { Output } from "./output.js";
import { checkTrailers, requestHead } from "./request-head.js";
import { StreamSender } from "./stream-sender.js";

const { data, headers, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } = frameType;

const connectionEnded = "the connection to the host has ended";

/** What a connection tells. */
export interface ConnectionEvents {
  /** A request has begun. Its handler is told of it from then on. */
  readonly onRequest: (stream: Http2Stream) => StreamHandler;
  /** More can be sent. */
  readonly onRoom: () => void;
  /** Everything has ended; `error` when the host broke the protocol or the wire failed. */
  readonly onClose: (error?: Error) => void;
}

/**
 * The server's side of one HTTP/2 connection with prior knowledge (RFC 9113).
 * Sends no GOAWAY: Plakar hangs on one. It ends the connection instead.
 */
export class Http2Connection implements FrameSink {
  readonly #channel: Channel;
  readonly #events: ConnectionEvents;
  readonly #output: Output;
  readonly #sender: StreamSender;
  readonly #reader = new FrameReader(this);
  readonly #headers = new HeaderCollector();
  readonly #streams = new Map<number, Http2Stream>();
  /** Reset from this side: what is still under way for them is dropped (RFC 9113, section 5.1). Oldest first. */
  readonly #resetStreams = new Set<number>();
  #lastStream = 0;
  /** What the host may send for all streams together (RFC 9113, section 6.9). */
  #receiveWindow = connectionWindowBytes;
  #credit = 0;
  /** The host's SETTINGS_INITIAL_WINDOW_SIZE. */
  #peerWindow = initialWindow;
  /** The stream of the DATA frame that is being read; undefined when its content is dropped. */
  #dataStream: Http2Stream | undefined;
  #settingsAcknowledged = false;
  #waitingAnswers = 0;
  #invalidFrames = 0;
  #unreadBytes = 0;
  #isPaused = false;
  #isClosed = false;
  /** The host has broken the protocol: nothing more is read. */
  #isFailed = false;
  /** Bytes of answers that wait. */
  #backlogBytes = 0;

  constructor(channel: Channel, events: ConnectionEvents) {
    this.#channel = channel;
    this.#events = events;
    this.#output = new Output(channel, () => {
      this.#onRoom();
    });
    this.#sender = new StreamSender(this.#output, (stream) => {
      if (stream.pluginEnded) this.#ended(stream);
    });
  }

  /** Begins. */
  start(): void {
    this.#sendSettings();
    this.#channel.start({
      onBytes: (bytes) => {
        this.#onBytes(bytes);
      },
      onClose: (error) => {
        this.#close(error);
      },
    });
  }

  /** Ends at once. */
  close(): void {
    this.#output.flush();
    this.#channel.close();
  }

  /** Bytes of answers that wait because the host does not read. */
  get backlogBytes(): number {
    return this.#output.isStuck ? this.#backlogBytes : 0;
  }

  /** Sends a header block. */
  sendHeaders(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    if (stream.isClosed || this.#isClosed) return;
    this.#sender.send(stream, { type: "headers", block, endStream });
  }

  /**
   * Sends content.
   *
   * @param done - Called when it is copied out, or never will be; at once, mostly.
   */
  sendData(stream: Http2Stream, body: Body, endStream: boolean, done: () => void): void {
    if (stream.isClosed || this.#isClosed) {
      done();
      return;
    }
    const { length } = body;
    this.#backlogBytes += length;
    this.#sender.send(stream, {
      type: "data",
      body,
      endStream,
      sent: 0,
      done: () => {
        this.#backlogBytes -= length;
        done();
      },
    });
  }

  /** Resets a stream from this side (RFC 9113, section 5.4.2). Its handler is not told. */
  reset(stream: Http2Stream, code: number): void {
    if (stream.isClosed) return;
    this.#sendReset(stream.id, code);
    this.#remove(stream);
  }

  /** The host may send so much more on a stream. */
  credit(stream: Http2Stream, bytes: number): void {
    if (stream.hostEnded || stream.isClosed) return;
    stream.credit += bytes;
    if (stream.credit < streamCreditBytes) return;
    stream.receiveWindow += stream.credit;
    this.#sendWindowUpdate(stream.id, stream.credit);
    stream.credit = 0;
  }

  /** What a handler holds has changed by so much. Beyond the bound the fullest stream is reset. */
  unread(bytes: number): void {
    this.#unreadBytes += bytes;
    if (bytes <= 0) return;
    while (this.#unreadBytes > maxUnreadBytes) {
      const fullest = this.#fullest();
      if (fullest === undefined) return;
      this.#cut(fullest, "the host has sent more than is read", errorCode.enhanceYourCalm);
    }
  }

  onFrame(frame: FrameHeader): void {
    const { type, stream, length } = frame;
    // RFC 9113, section 6.10: nothing else may come between.
    if (this.#headers.isOpen && (type !== continuation || stream !== this.#headers.stream)) {
      throw brokenProtocol(errorCode.protocolError, "a header block was interrupted");
    }
    if (type !== data) return;
    if (length > this.#receiveWindow) throw brokenProtocol(errorCode.flowControlError, "more came than the connection's window");
    this.#receiveWindow -= length;
    this.#creditConnection(length);
    this.#dataStream = this.#streamOfData(frame);
  }

  onData(id: number, bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined || stream.isClosed) return;
    if (stream.contentLeft >= 0 && end > start) {
      if (end - start > stream.contentLeft) {
        this.#malformed(new StreamError(id, errorCode.protocolError, "more data than content-length"));
        return;
      }
      stream.contentLeft -= end - start;
    }
    if (end > start) stream.handler?.onData(bytes, start, end);
    // Its handler may have ended it.
    if (isLast && this.#endsStream && this.#streams.has(id)) this.#hostEnded(stream);
  }

  onPayload(frame: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    switch (frame.type) {
      case data:
        this.#onPaddedData(frame, bytes, start, end);
        break;
      case headers:
        this.#onHeaders(frame, bytes, start, end);
        break;
      case continuation:
        this.#onContinuation(frame, bytes, start, end);
        break;
      case priority:
        this.#onPriority(frame, bytes, start);
        break;
      case rstStream:
        this.#onReset(frame);
        break;
      case settings:
        this.#onSettings(frame, bytes, start, end);
        break;
      case pushPromise:
        throw brokenProtocol(errorCode.protocolError, "a client can not push");
      case ping:
        this.#onPing(frame, bytes, start, end);
        break;
      case goaway:
        // It only says that the host is about to leave: calls that run may finish.
        if (frame.stream !== 0) throw brokenProtocol(errorCode.protocolError, "GOAWAY on a stream");
        break;
      case windowUpdate:
        this.#onWindowUpdate(frame, bytes, start);
        break;
      // RFC 9113, section 5.5: types that are not known are ignored.
    }
  }

  #endsStream = false;

  #onBytes(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isFailed) return;
    try {
      this.#reader.read(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#output.isCrowded && !this.#isPaused) {
      this.#isPaused = true;
      this.#channel.pause();
    }
  }

  #onRoom(): void {
    this.#waitingAnswers = 0;
    this.#sender.onRoom();
    this.#events.onRoom();
    if (!this.#isPaused || this.#output.isCrowded) return;
    this.#isPaused = false;
    this.#channel.resume();
  }

  /** RFC 9113, section 6.1. */
  #streamOfData({ stream: id, length, flags }: FrameHeader): Http2Stream | undefined {
    if (id === 0) throw brokenProtocol(errorCode.protocolError, "DATA on stream 0");
    this.#endsStream = (flags & frameFlag.endStream) !== 0;
    if (length === 0 && !this.#endsStream) this.#countInvalid();
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (id > this.#lastStream) throw brokenProtocol(errorCode.protocolError, "DATA on a stream that is idle");
      if (!this.#resetStreams.has(id)) this.#answerReset(id, errorCode.streamClosed);
      return undefined;
    }
    if (stream.hostEnded) {
      this.#cut(stream, "the host sent data behind its end", errorCode.streamClosed);
      return undefined;
    }
    if (length > stream.receiveWindow) {
      this.#cut(stream, "the host has sent more than it may", errorCode.flowControlError);
      return undefined;
    }
    stream.receiveWindow -= length;
    return stream;
  }

  #onPaddedData({ stream, flags, length }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const padding = bytes[start] ?? 0;
    if ((flags & frameFlag.padded) !== 0 && padding >= end - start) {
      throw brokenProtocol(errorCode.protocolError, "padding as long as its frame");
    }
    const target = this.#dataStream;
    // Padding is credited at once: nobody reads it.
    if (target !== undefined) this.credit(target, padding + 1);
    this.onData(stream, bytes, start + 1, start + length - padding, true);
  }

  /** RFC 9113, section 6.2. */
  #onHeaders({ stream: id, flags }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (id === 0 || id % 2 === 0) throw brokenProtocol(errorCode.protocolError, "HEADERS on a stream that is none of a client");
    let from = start;
    let to = end;
    if ((flags & frameFlag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from += 1;
    }
    const dependsOn = (flags & frameFlag.priority) !== 0 ? readUint32(bytes, from) & maxWindow : -1;
    if (dependsOn >= 0) from += 5;
    if (from > to) throw brokenProtocol(errorCode.protocolError, "padding as long as its frame");
    this.#headers.begin(id, (flags & frameFlag.endStream) !== 0, dependsOn === id);
    this.#headers.add(bytes, from, to);
    if ((flags & frameFlag.endHeaders) !== 0) this.#onHeaderBlock();
  }

  /** RFC 9113, section 6.10. */
  #onContinuation({ flags }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#headers.isOpen) throw brokenProtocol(errorCode.protocolError, "CONTINUATION behind no HEADERS");
    this.#headers.addContinuation(bytes, start, end);
    if ((flags & frameFlag.endHeaders) !== 0) this.#onHeaderBlock();
  }

  #onHeaderBlock(): void {
    const { stream: id, endStream, dependsOnItself } = this.#headers;
    // Decoded whatever becomes of it: both sides' tables must stay in step (RFC 9113, section 4.3).
    const list = this.#headers.finish();
    try {
      const stream = this.#streams.get(id);
      if (stream !== undefined) {
        this.#onTrailers(stream, list, endStream);
        return;
      }
      if (id <= this.#lastStream) {
        if (this.#resetStreams.has(id)) return;
        throw brokenProtocol(errorCode.streamClosed, "HEADERS on a stream that is closed");
      }
      this.#lastStream = id;
      if (list === undefined) throw new StreamError(id, errorCode.enhanceYourCalm, "too many headers");
      if (dependsOnItself) throw new StreamError(id, errorCode.protocolError, "a stream that depends on itself");
      const head = requestHead(id, list);
      if (this.#streams.size >= maxConcurrentStreams) {
        this.#sendReset(id, errorCode.refusedStream);
        return;
      }
      const opened = new Http2Stream(id, head, { send: this.#peerWindow, receive: streamWindowBytes });
      this.#streams.set(id, opened);
      opened.handler = this.#events.onRequest(opened);
      if (endStream) this.#hostEnded(opened);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#malformed(error);
    }
  }

  #onTrailers(stream: Http2Stream, list: Parameters<typeof checkTrailers>[1] | undefined, endStream: boolean): void {
    if (stream.hostEnded) {
      this.#cut(stream, "the host sent headers behind its end", errorCode.streamClosed);
      return;
    }
    // RFC 9113, section 8.1.
    if (!endStream) throw new StreamError(stream.id, errorCode.protocolError, "trailers that do not end the stream");
    if (list !== undefined) checkTrailers(stream.id, list);
    this.#hostEnded(stream);
  }

  #hostEnded(stream: Http2Stream): void {
    // RFC 9113, section 8.1.1.
    if (stream.contentLeft > 0) {
      this.#malformed(new StreamError(stream.id, errorCode.protocolError, "less data than content-length"));
      return;
    }
    stream.hostEnded = true;
    stream.handler?.onEnd();
    if (stream.pluginEnded) this.#ended(stream);
  }

  /** RFC 9113, section 6.3: it means nothing any more, but has to be well-formed. */
  #onPriority({ stream, length }: FrameHeader, bytes: Uint8Array, start: number): void {
    if (stream === 0) throw brokenProtocol(errorCode.protocolError, "PRIORITY on stream 0");
    if (length !== 5) this.#malformed(new StreamError(stream, errorCode.frameSizeError, "a PRIORITY frame has 5 bytes"));
    else if ((readUint32(bytes, start) & maxWindow) === stream) {
      this.#malformed(new StreamError(stream, errorCode.protocolError, "a stream that depends on itself"));
    }
  }

  /** RFC 9113, section 6.4. */
  #onReset({ stream: id, length }: FrameHeader): void {
    if (length !== 4) throw new HostProtocolError(`the host sent a RST_STREAM frame of ${String(length)} bytes; it has 4`);
    if (id === 0 || id > this.#lastStream) {
      throw new HostProtocolError(`the host reset stream ${String(id)}, which it has not opened`);
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#remove(stream);
    stream.handler?.onCut(cutOff("the host cancelled the call"));
  }

  /** RFC 9113, section 6.5. */
  #onSettings({ stream, flags, length }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "SETTINGS on a stream");
    if ((flags & frameFlag.ack) !== 0) {
      if (length !== 0) throw brokenProtocol(errorCode.frameSizeError, "an acknowledgement of SETTINGS with content");
      if (this.#settingsAcknowledged) throw brokenProtocol(errorCode.protocolError, "an acknowledgement of SETTINGS that nobody sent");
      this.#settingsAcknowledged = true;
      return;
    }
    if (length % 6 !== 0) throw brokenProtocol(errorCode.frameSizeError, "SETTINGS with half an entry");
    for (let at = start; at < end; at += 6) {
      this.#onSetting(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), readUint32(bytes, at + 2));
    }
    this.#answer(settings, new Uint8Array(0));
  }

  #onSetting(id: number, value: number): void {
    if (id === setting.enablePush && value > 1) throw brokenProtocol(errorCode.protocolError, "ENABLE_PUSH is 0 or 1");
    if (id === setting.maxFrameSize && (value < 16_384 || value > 0xff_ffff)) {
      throw brokenProtocol(errorCode.protocolError, `MAX_FRAME_SIZE of ${String(value)}`);
    }
    if (id !== setting.initialWindowSize) return;
    if (value > maxWindow) throw brokenProtocol(errorCode.flowControlError, `INITIAL_WINDOW_SIZE of ${String(value)}`);
    // RFC 9113, section 6.9.2: windows of open streams change by the difference, and may be negative.
    const change = value - this.#peerWindow;
    this.#peerWindow = value;
    for (const stream of [...this.#streams.values()]) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindow) throw brokenProtocol(errorCode.flowControlError, "a window that overflows");
      if (change > 0) this.#sender.onStreamWindow(stream);
    }
  }

  /** RFC 9113, section 6.7. */
  #onPing({ stream, flags, length }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "PING on a stream");
    if (length !== 8) throw brokenProtocol(errorCode.frameSizeError, "a PING has 8 bytes");
    if ((flags & frameFlag.ack) === 0) this.#answer(ping, bytes.subarray(start, end));
  }

  /** RFC 9113, section 6.9. */
  #onWindowUpdate({ stream: id, length }: FrameHeader, bytes: Uint8Array, start: number): void {
    if (length !== 4) throw brokenProtocol(errorCode.frameSizeError, "a WINDOW_UPDATE has 4 bytes");
    const increment = readUint32(bytes, start) & maxWindow;
    if (id === 0) {
      if (increment === 0) throw brokenProtocol(errorCode.protocolError, "a window update of 0");
      this.#sender.window += increment;
      if (this.#sender.window > maxWindow) throw brokenProtocol(errorCode.flowControlError, "a window that overflows");
      this.#sender.onRoom();
      return;
    }
    if (id > this.#lastStream) throw brokenProtocol(errorCode.protocolError, "WINDOW_UPDATE on a stream that is idle");
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (increment === 0) {
      this.#malformed(new StreamError(id, errorCode.protocolError, "a window update of 0"));
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > maxWindow) this.#cut(stream, "a window that overflows", errorCode.flowControlError);
    else this.#sender.onStreamWindow(stream);
  }

  /** The plugin's side has sent its last frame. */
  #ended(stream: Http2Stream): void {
    if (stream.isClosed) return;
    // The host may still be sending, and would fill the window and wait: tell it to stop, as grpc-go does.
    if (!stream.hostEnded) this.#sendReset(stream.id, errorCode.noError);
    this.#remove(stream);
    stream.handler?.onClose();
  }

  /** Ends a stream from this side, and tells its handler. */
  #cut(stream: Http2Stream, reason: string, code: number): void {
    this.#sendReset(stream.id, code);
    this.#remove(stream);
    stream.handler?.onCut(cutOff(reason));
  }

  /** A stream error that the host has made. */
  #malformed(error: StreamError): void {
    this.#countInvalid();
    const stream = this.#streams.get(error.stream);
    if (stream !== undefined) this.#cut(stream, error.message, error.code);
    else this.#answerReset(error.stream, error.code);
  }

  #countInvalid(): void {
    this.#invalidFrames += 1;
    if (this.#invalidFrames > maxInvalidFrames) throw floodError("Too many invalid HTTP/2 frames");
  }

  #remove(stream: Http2Stream): void {
    stream.isClosed = true;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
  }

  #fullest(): Http2Stream | undefined {
    let fullest: Http2Stream | undefined;
    let most = 0;
    for (const stream of this.#streams.values()) {
      const bytes = stream.handler?.unreadBytes ?? 0;
      if (bytes <= most) continue;
      fullest = stream;
      most = bytes;
    }
    return fullest;
  }

  #creditConnection(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit < connectionCreditBytes) return;
    this.#receiveWindow += this.#credit;
    this.#sendWindowUpdate(0, this.#credit);
    this.#credit = 0;
  }

  #sendSettings(): void {
    const entries = [
      [setting.maxConcurrentStreams, maxConcurrentStreams],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ] as const;
    const payload = new Uint8Array(entries.length * 6);
    entries.forEach(([id, value], index) => {
      payload[index * 6 + 1] = id;
      writeUint32(payload, index * 6 + 2, value);
    });
    this.#output.control(frameOf(settings, 0, 0, payload));
    this.#sendWindowUpdate(0, connectionWindowBytes - initialWindow);
  }

  #sendWindowUpdate(stream: number, increment: number): void {
    const payload = new Uint8Array(4);
    writeUint32(payload, 0, increment);
    this.#output.control(frameOf(windowUpdate, 0, stream, payload));
  }

  #sendReset(stream: number, code: number): void {
    this.#resetStreams.add(stream);
    if (this.#resetStreams.size > maxResetStreams) {
      const [oldest] = this.#resetStreams;
      if (oldest !== undefined) this.#resetStreams.delete(oldest);
    }
    const payload = new Uint8Array(4);
    writeUint32(payload, 0, code);
    this.#output.control(frameOf(rstStream, 0, stream, payload));
  }

  /** A reset that the host can ask for as often as it likes. */
  #answerReset(stream: number, code: number): void {
    this.#countAnswer();
    this.#sendReset(stream, code);
  }

  /** Acknowledges a PING or SETTINGS. */
  #answer(type: number, payload: Uint8Array): void {
    this.#countAnswer();
    this.#output.control(frameOf(type, frameFlag.ack, 0, payload));
  }

  #countAnswer(): void {
    this.#waitingAnswers += 1;
    if (this.#waitingAnswers > maxWaitingAnswers) throw floodError("Flooding was detected: answers that nobody reads");
  }

  #fail(error: Error): void {
    this.#isFailed = true;
    this.#channel.close(error);
  }

  #close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.close();
    for (const stream of [...this.#streams.values()]) {
      this.#remove(stream);
      stream.handler?.onCut(cutOff(connectionEnded));
    }
    this.#events.onClose(error);
  }
}

/** A whole frame. The payload is copied. */
function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderLength + payload.length);
  writeFrameHeader(frame, 0, payload.length, type, flags, stream);
  frame.set(payload, frameHeaderLength);
  return frame;
}
