import { brokenProtocol, errorCode, frameType, MAX_UNREAD_BYTES } from "@kloset/wire/http2";
import type { Channel } from "../io/channel.js";
import { ControlFrames } from "./control-frames.js";
import { DataFrames } from "./data-frames.js";
import { StreamError } from "./errors.js";
import { ReceiveFlow, SendFlow } from "./flow-control.js";
import { FrameReader, type FrameHeader, type FrameSink } from "./frame-reader.js";
import { checkGoaway } from "./goaway.js";
import { HeaderFrames } from "./header-frames.js";
import type { Body, Http2Stream, StreamHandler } from "./http2-stream.js";
import { Output } from "../io/output.js";
import { onPing } from "./ping.js";
import { checkPriority } from "./priority.js";
import { onReset } from "./rst-stream.js";
import { Settings } from "./settings.js";
import { StreamEndings } from "./stream-endings.js";
import { StreamSender } from "./stream-sender.js";
import { Streams } from "./streams.js";

const { data, headers, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } =
  frameType;

/** The events of a connection. */
export interface ConnectionEvents {
  /** Called when a request begins. Returns the handler of its further events. */
  readonly onRequest: (stream: Http2Stream) => StreamHandler;
  /** Called when more can be sent. */
  readonly onRoom: () => void;
  /** Called when the connection has ended, with an error if the host broke the protocol or the channel failed. */
  readonly onClose: (error?: Error) => void;
}

/**
 * The server's side of one HTTP/2 connection with prior knowledge (RFC 9113).
 * It closes the connection without GOAWAY, because Plakar hangs when it receives one.
 */
export class Http2Connection implements FrameSink {
  readonly #channel: Channel;
  readonly #events: ConnectionEvents;
  readonly #output: Output;
  readonly #control: ControlFrames;
  readonly #sender: StreamSender;
  readonly #streams = new Streams();
  readonly #endings: StreamEndings;
  readonly #receiveFlow: ReceiveFlow;
  readonly #sendFlow: SendFlow;
  readonly #settings: Settings;
  readonly #reader = new FrameReader(this);
  readonly #headers: HeaderFrames;
  readonly #data: DataFrames;
  #unreadBytes = 0;
  /** Bytes of answers that are queued. */
  #backlogBytes = 0;
  #isPaused = false;
  #isClosed = false;
  /** True after the host has broken the protocol: reading has stopped. */
  #isFailed = false;

  constructor(channel: Channel, events: ConnectionEvents) {
    this.#channel = channel;
    this.#events = events;
    this.#output = new Output(channel, () => {
      this.#onRoom();
    });
    this.#control = new ControlFrames(this.#output);
    this.#sender = new StreamSender(this.#output, (stream) => {
      if (stream.pluginEnded) this.#endings.completed(stream);
    });
    this.#endings = new StreamEndings(this.#streams, this.#control, this.#sender);
    this.#receiveFlow = new ReceiveFlow(this.#control);
    this.#sendFlow = new SendFlow(this.#streams, this.#sender, this.#endings);
    this.#settings = new Settings(this.#control, this.#sendFlow);
    this.#headers = new HeaderFrames(this.#streams, this.#endings, this.#sendFlow, events.onRequest);
    this.#data = new DataFrames(this.#streams, this.#endings, this.#receiveFlow);
  }

  /** Begins to read. The server's preface must have been sent. */
  start(): void {
    this.#channel.start({
      onBytes: (bytes) => {
        this.#onBytes(bytes);
      },
      onClose: (error) => {
        this.#onClose(error);
      },
    });
  }

  /** Closes the connection at once. */
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
   * Sends content at once if possible. Otherwise, use {@link Http2Connection.sendData}.
   *
   * @returns true when the content was sent or the stream has ended.
   */
  sendNow(stream: Http2Stream, body: Body): boolean {
    return stream.isClosed || this.#isClosed || this.#sender.sendNow(stream, body);
  }

  /**
   * Sends content.
   *
   * @param done - Called when the content has been copied or dropped; usually during this call.
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

  /** Resets a stream from this side (RFC 9113, section 5.4.2). Its handler is not called. */
  reset(stream: Http2Stream, code: number): void {
    if (!stream.isClosed) this.#endings.reset(stream, code);
  }

  /** Credits bytes to a stream: the host may send as many more. */
  credit(stream: Http2Stream, bytes: number): void {
    this.#receiveFlow.credit(stream, bytes);
  }

  /** Changes the number of unread bytes. Above the limit, the stream with the most unread bytes is reset. */
  unread(bytes: number): void {
    this.#unreadBytes += bytes;
    if (bytes <= 0) return;
    while (this.#unreadBytes > MAX_UNREAD_BYTES) {
      const fullest = this.#streams.fullest();
      if (fullest === undefined) return;
      this.#endings.cut(fullest, "the host has sent more than is read", errorCode.enhanceYourCalm);
    }
  }

  onFrame(frame: FrameHeader): void {
    this.#headers.checkOrder(frame);
    if (frame.type === data) this.#data.begin(frame);
  }

  onData(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.#data.content(bytes, start, end, isLast);
  }

  onPayload(frame: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#dispatch(frame, bytes, start, end);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#endings.malformed(error);
    }
  }

  #dispatch(frame: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    switch (frame.type) {
      case data:
        this.#data.padded(bytes, start, end);
        break;
      case headers:
        this.#headers.headers(frame, bytes, start, end);
        break;
      case continuation:
        this.#headers.continuation(frame, bytes, start, end);
        break;
      case priority:
        checkPriority(frame, bytes, start);
        break;
      case rstStream:
        onReset(this.#streams, this.#endings, frame);
        break;
      case settings:
        this.#settings.receive(frame, bytes, start, end);
        break;
      case pushPromise:
        // RFC 9113, section 8.4.
        throw brokenProtocol(errorCode.protocolError, "a client cannot push");
      case ping:
        onPing(this.#control, frame, bytes, start);
        break;
      case goaway:
        checkGoaway(frame);
        break;
      case windowUpdate:
        this.#sendFlow.onWindowUpdate(frame, bytes, start);
        break;
      // RFC 9113, section 5.5: unknown types are ignored.
    }
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isFailed) return;
    try {
      this.#reader.read(bytes);
      this.#sendFlow.flush();
    } catch (error) {
      this.#isFailed = true;
      this.#channel.close(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#output.isCrowded && !this.#isPaused) {
      this.#isPaused = true;
      this.#channel.pause();
    }
  }

  #onRoom(): void {
    this.#control.written();
    this.#sender.onRoom();
    this.#events.onRoom();
    if (!this.#isPaused || this.#output.isCrowded) return;
    this.#isPaused = false;
    this.#channel.resume();
  }

  #onClose(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.close();
    for (const stream of this.#streams.all()) this.#endings.lost(stream, "the connection to the host has ended");
    this.#events.onClose(error);
  }
}
