import { brokenProtocol, errorCode } from "@kloset/wire/http2";
import { cutOff } from "@kloset/wire/grpc";
import type { ControlFrames } from "./control-frames.js";
import { floodError, StreamError } from "./errors.js";
import type { Http2Stream } from "./http2-stream.js";
import { MAX_INVALID_FRAMES } from "../limits.js";
import type { StreamSender } from "./stream-sender.js";
import type { Streams } from "./streams.js";

/** Ends streams (RFC 9113, sections 5.1, 5.4.2 and 6.4). */
export class StreamEndings {
  readonly #streams: Streams;
  readonly #control: ControlFrames;
  readonly #sender: StreamSender;
  #invalidFrames = 0;

  constructor(streams: Streams, control: ControlFrames, sender: StreamSender) {
    this.#streams = streams;
    this.#control = control;
    this.#sender = sender;
  }

  /** Handles END_STREAM: the host's side has ended (RFC 9113, section 5.1). */
  hostEnded(stream: Http2Stream): void {
    // RFC 9113, section 8.1.1.
    if (stream.contentLeft > 0) {
      this.malformed(new StreamError(stream.id, errorCode.protocolError, "less data than content-length"));
      return;
    }
    stream.hostEnded = true;
    stream.handler?.onEnd();
    if (stream.pluginEnded) this.completed(stream);
  }

  /** Completes a stream after this side has sent its last frame. */
  completed(stream: Http2Stream): void {
    if (stream.isClosed) return;
    const { handler } = stream;
    // A connection lasts for hours: tolerate one invalid frame per call.
    if (this.#invalidFrames > 0) this.#invalidFrames -= 1;
    // Drop further frames of the host.
    stream.handler = undefined;
    if (stream.hostEnded) this.#close(stream);
    else this.#stopLater(stream);
    handler?.onClose();
  }

  /**
   * Resets a stream whose host is still sending, as grpc-go does: otherwise the host would
   * fill the window and wait (RFC 9113, section 8.1). The reset is delayed, because most hosts
   * end the stream when they read the answer, and Node's client never closes a stream that
   * is reset while it writes.
   */
  #stopLater(stream: Http2Stream): void {
    const stop = (): void => {
      if (stream.isClosed) return;
      this.#sendReset(stream.id, errorCode.noError);
      this.#close(stream);
    };
    setImmediate(() => setImmediate(stop));
  }

  /** Resets a stream at the request of its handler, which is not called. */
  reset(stream: Http2Stream, code: number): void {
    this.#sendReset(stream.id, code);
    this.#close(stream);
  }

  /** Resets a stream, and passes the reason to its handler. */
  cut(stream: Http2Stream, reason: string, code: number): void {
    this.#sendReset(stream.id, code);
    this.#close(stream);
    stream.handler?.onCut(cutOff(reason));
  }

  /** Ends a stream without a reset: the host has reset it or has gone. */
  lost(stream: Http2Stream, reason: string): void {
    this.#close(stream);
    stream.handler?.onCut(cutOff(reason));
  }

  /** Resets a request that never becomes a stream. */
  refuse(id: number, code: number): void {
    this.#sendReset(id, code);
  }

  /**
   * Handles a frame on a closed stream (RFC 9113, section 5.1). Streams that this side has
   * reset are remembered up to a limit, and their frames are dropped. Other frames are
   * answered with a reset, or dropped when too many resets wait; the connection goes on.
   */
  onClosed(id: number): void {
    if (this.#streams.wasReset(id)) return;
    if (this.#control.resetInAnswer(id, errorCode.streamClosed)) this.#streams.rememberReset(id);
  }

  /**
   * Handles a stream error (RFC 9113, section 5.4.2).
   *
   * @throws HostProtocolError after too many errors, or when the stream is idle.
   */
  malformed({ stream: id, message, code }: StreamError): void {
    this.countInvalid();
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.cut(stream, message, code);
    // An idle stream cannot be reset (RFC 9113, section 6.4), so this is a connection error (section 5.4.2).
    else if (this.#streams.isIdle(id)) throw brokenProtocol(code, message);
    else this.#sendReset(id, code);
  }

  /**
   * Counts a frame that a host has no reason to send. A limited number is tolerated, and one more per completed call.
   *
   * @throws HostProtocolError when the limit is exceeded.
   */
  countInvalid(): void {
    this.#invalidFrames += 1;
    if (this.#invalidFrames > MAX_INVALID_FRAMES) throw floodError("Too many invalid HTTP/2 frames");
  }

  #sendReset(id: number, code: number): void {
    this.#streams.rememberReset(id);
    this.#control.reset(id, code);
  }

  #close(stream: Http2Stream): void {
    this.#streams.close(stream);
    this.#sender.forget(stream);
  }
}
