import {
  brokenProtocol,
  CONNECTION_WINDOW_BYTES,
  errorCode,
  INITIAL_WINDOW,
  MAX_WINDOW,
  readUint32,
} from "@kloset/wire/http2";
import type { ControlFrames } from "./control-frames.js";
import { StreamError } from "./errors.js";
import type { FrameHeader } from "./frame-reader.js";
import type { Http2Stream } from "./http2-stream.js";
import { CONNECTION_CREDIT_BYTES, STREAM_CREDIT_BYTES } from "../limits.js";
import type { StreamEndings } from "./stream-endings.js";
import type { StreamSender } from "./stream-sender.js";
import type { Streams } from "./streams.js";

/** Flow control for bytes from the host (RFC 9113, sections 5.2 and 6.9). Sizes include padding. */
export class ReceiveFlow {
  readonly #control: ControlFrames;
  #window = CONNECTION_WINDOW_BYTES;
  #credit = 0;

  constructor(control: ControlFrames) {
    this.#control = control;
  }

  /**
   * Counts a DATA frame of any stream. The connection's window grows again at once, so that
   * no call waits for another that does not read: each stream is bounded by its own window,
   * and their sum by a separate limit.
   *
   * @throws HostProtocolError FLOW_CONTROL_ERROR when the frame is longer than the connection's window.
   */
  arrived(length: number): void {
    if (length > this.#window)
      throw brokenProtocol(errorCode.flowControlError, "more came than the connection's window");
    this.#window -= length;
    this.#credit += length;
    if (this.#credit < CONNECTION_CREDIT_BYTES) return;
    this.#window += this.#credit;
    this.#control.windowUpdate(0, this.#credit);
    this.#credit = 0;
  }

  /** Counts a DATA frame for its stream. @returns false when it is longer than the stream's window. */
  arrivedFor(stream: Http2Stream, length: number): boolean {
    if (length > stream.receiveWindow) return false;
    stream.receiveWindow -= length;
    return true;
  }

  /** Credits bytes to a stream. WINDOW_UPDATE is sent once enough of them have accumulated. */
  credit(stream: Http2Stream, bytes: number): void {
    if (stream.hostEnded || stream.isClosed) return;
    stream.credit += bytes;
    if (stream.credit < STREAM_CREDIT_BYTES) return;
    stream.receiveWindow += stream.credit;
    this.#control.windowUpdate(stream.id, stream.credit);
    stream.credit = 0;
  }
}

/** Flow control for bytes to the host (RFC 9113, sections 5.2 and 6.9). */
export class SendFlow {
  readonly #streams: Streams;
  readonly #sender: StreamSender;
  readonly #endings: StreamEndings;
  /** The host's SETTINGS_INITIAL_WINDOW_SIZE: the initial window of a stream. */
  #initial = INITIAL_WINDOW;
  #connectionHasGrown = false;
  #streamsHaveGrown = false;

  constructor(streams: Streams, sender: StreamSender, endings: StreamEndings) {
    this.#streams = streams;
    this.#sender = sender;
    this.#endings = endings;
  }

  get initial(): number {
    return this.#initial;
  }

  /**
   * Changes the windows of open streams by the difference (RFC 9113, section 6.9.2). They may become negative.
   *
   * @throws HostProtocolError FLOW_CONTROL_ERROR when a window exceeds the maximum.
   */
  changeInitial(value: number): void {
    if (value > MAX_WINDOW) throw brokenProtocol(errorCode.flowControlError, `INITIAL_WINDOW_SIZE of ${value}`);
    const change = value - this.#initial;
    if (change === 0) return;
    this.#initial = value;
    this.#streamsHaveGrown ||= change > 0;
    for (const stream of this.#streams.all()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW) throw brokenProtocol(errorCode.flowControlError, "a window that overflows");
    }
  }

  /** Handles WINDOW_UPDATE (RFC 9113, section 6.9). @throws StreamError, HostProtocolError. */
  onWindowUpdate({ stream: id, length }: FrameHeader, bytes: Uint8Array, start: number): void {
    if (length !== 4) throw brokenProtocol(errorCode.frameSizeError, "a WINDOW_UPDATE has 4 bytes");
    const increment = readUint32(bytes, start) & MAX_WINDOW;
    if (id === 0) this.#growConnection(increment);
    else if (this.#streams.isIdle(id))
      throw brokenProtocol(errorCode.protocolError, "WINDOW_UPDATE on a stream that is idle");
    else this.#growStream(id, increment);
  }

  /**
   * Resumes all streams after a change of the connection's or the initial window. Called once
   * for all frames that arrived together, since it visits every stream; the acknowledgement
   * of SETTINGS therefore goes out first (RFC 9113, section 6.5.3).
   */
  flush(): void {
    if (this.#streamsHaveGrown) {
      this.#streamsHaveGrown = false;
      for (const stream of this.#streams.all()) this.#sender.onStreamWindow(stream);
    }
    if (this.#connectionHasGrown) {
      this.#connectionHasGrown = false;
      this.#sender.onRoom();
    }
  }

  #growConnection(increment: number): void {
    if (increment === 0) throw brokenProtocol(errorCode.protocolError, "a window update of 0");
    this.#sender.window += increment;
    if (this.#sender.window > MAX_WINDOW) throw brokenProtocol(errorCode.flowControlError, "a window that overflows");
    this.#connectionHasGrown = true;
  }

  #growStream(id: number, increment: number): void {
    const stream = this.#streams.get(id);
    // The update was in flight when the stream was closed.
    if (stream === undefined) return;
    if (increment === 0) throw new StreamError(id, errorCode.protocolError, "a window update of 0");
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW)
      this.#endings.cut(stream, "a window that overflows", errorCode.flowControlError);
    else this.#sender.onStreamWindow(stream);
  }
}
