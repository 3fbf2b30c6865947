import { brokenProtocol, errorCode } from "@kloset/wire/http2";
import { cutOff } from "@kloset/wire/grpc";
import type { ControlFrames } from "./control-frames.js";
import { floodError, StreamError } from "./errors.js";
import type { Http2Stream } from "./http2-stream.js";
import { MAX_INVALID_FRAMES } from "../limits.js";
import type { StreamSender } from "./stream-sender.js";
import type { Streams } from "./streams.js";

/** Every way in which a stream ends (RFC 9113, sections 5.1, 5.4.2 and 6.4). */
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

  /** The host's side has ended: END_STREAM (RFC 9113, section 5.1). */
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

  /** This side has sent its last frame. */
  completed(stream: Http2Stream): void {
    if (stream.isClosed) return;
    const { handler } = stream;
    // A connection lasts for hours: a few for each call are no flood.
    if (this.#invalidFrames > 0) this.#invalidFrames -= 1;
    // What the host still sends is dropped.
    stream.handler = undefined;
    if (stream.hostEnded) this.#close(stream);
    else this.#stopLater(stream);
    handler?.onClose();
  }

  /**
   * The host may still be sending, and would fill the window and wait: it is told to
   * stop (RFC 9113, section 8.1), as grpc-go does. But most have sent all, or do so
   * when they read the answer; and a client of Node's never closes a stream that is
   * reset while it writes. So they have time to end it by themselves.
   */
  #stopLater(stream: Http2Stream): void {
    const stop = (): void => {
      if (stream.isClosed) return;
      this.#sendReset(stream.id, errorCode.noError);
      this.#close(stream);
    };
    setImmediate(() => setImmediate(stop));
  }

  /** This side resets it. Its handler, who has asked for that, is not told. */
  reset(stream: Http2Stream, code: number): void {
    this.#sendReset(stream.id, code);
    this.#close(stream);
  }

  /** This side resets it, and its handler is told why. */
  cut(stream: Http2Stream, reason: string, code: number): void {
    this.#sendReset(stream.id, code);
    this.#close(stream);
    stream.handler?.onCut(cutOff(reason));
  }

  /** It is over without a word to the host: the host has reset it, or has gone. */
  lost(stream: Http2Stream, reason: string): void {
    this.#close(stream);
    stream.handler?.onCut(cutOff(reason));
  }

  /** A request that does not become a stream: it is reset with its headers. */
  refuse(id: number, code: number): void {
    this.#sendReset(id, code);
  }

  /**
   * A frame on a stream that is closed (RFC 9113, section 5.1). One that this side
   * has reset is told from others as far as it is remembered: beyond that, too many
   * are dropped in silence, and do not end the connection.
   */
  onClosed(id: number): void {
    if (this.#streams.wasReset(id)) return;
    if (this.#control.resetInAnswer(id, errorCode.streamClosed)) this.#streams.rememberReset(id);
  }

  /**
   * A stream error (RFC 9113, section 5.4.2).
   *
   * @throws HostProtocolError when there were too many, or the stream is idle.
   */
  malformed({ stream: id, message, code }: StreamError): void {
    this.countInvalid();
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.cut(stream, message, code);
    // RFC 9113, section 6.4: there is no reset of a stream that is idle; section 5.4.2: then it is the connection's error.
    else if (this.#streams.isIdle(id)) throw brokenProtocol(code, message);
    else this.#sendReset(id, code);
  }

  /**
   * A frame that a host has no reason to send. Some are put up with, and one for each call that comes to its end.
   *
   * @throws HostProtocolError when there were too many.
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
