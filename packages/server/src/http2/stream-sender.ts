import { frameFlag, FRAME_HEADER_LENGTH, frameType, INITIAL_WINDOW, writeFrameHeader } from "@kloset/wire/http2";
import { withoutTable } from "./header-blocks.js";
import type { Body, Http2Stream, Outgoing } from "./http2-stream.js";
import { MAX_SENT_FRAME_BYTES } from "../limits.js";
import type { Output } from "../io/output.js";

/** With less room than this in the output, no frame is started: it would carry only a few bytes. */
const MIN_ROOM = 1024;

/** A DATA frame in the output, and its position. */
interface LastFrame {
  readonly stream: Http2Stream;
  /** {@link Output.flushes} when it was written. The buffer does not identify it: two are used in turn. */
  readonly flushes: number;
  readonly at: number;
  length: number;
}

/**
 * Sends the queued items of streams, as far as the windows (RFC 9113, section 5.2) and the
 * output allow. Streams that have to wait are served in turn.
 */
export class StreamSender {
  readonly #output: Output;
  /** Called when the queue of a stream is empty, after which the stream may end. */
  readonly #onSent: (stream: Http2Stream) => void;
  /** Streams that wait for the output or for the connection's window only. */
  readonly #waiting = new Set<Http2Stream>();
  /** The connection's window. */
  window = INITIAL_WINDOW;
  /** The host's SETTINGS_MAX_FRAME_SIZE, bounded. */
  readonly #maxFrame = MAX_SENT_FRAME_BYTES;
  /** The DATA frame at the end of the output, which may grow. */
  #last: LastFrame | undefined;
  #hasSentHeaders = false;

  constructor(output: Output, onSent: (stream: Http2Stream) => void) {
    this.#output = output;
    this.#onSent = onSent;
  }

  /** Sends an item, or queues it behind others. */
  send(stream: Http2Stream, outgoing: Outgoing): void {
    stream.outgoing.push(outgoing);
    if (stream.outgoing.length === 1 && !this.#waiting.has(stream)) this.#advance(stream, Infinity);
  }

  /**
   * Sends a small message whole if the queue is empty and the message fits, which is the
   * usual case.
   *
   * @returns whether it was sent.
   */
  sendNow(stream: Http2Stream, body: Body): boolean {
    const { length } = body;
    if (length > this.#maxFrame || length > this.window || length > stream.sendWindow) return false;
    if (stream.outgoing.length > 0 || this.#waiting.has(stream)) return false;
    const { buffer, length: at, contentRoom } = this.#output;
    if (length + FRAME_HEADER_LENGTH > contentRoom) return false;
    const last = this.#frameAtEnd(stream);
    const grows = last !== undefined && last.length + length <= this.#maxFrame;
    const header = grows ? 0 : FRAME_HEADER_LENGTH;
    body.copy(buffer, at + header, 0, length);
    if (grows) {
      last.length += length;
      writeFrameHeader(buffer, last.at, last.length, frameType.data, 0, stream.id);
    } else {
      writeFrameHeader(buffer, at, length, frameType.data, 0, stream.id);
      this.#last = { stream, flushes: this.#output.flushes, at, length };
    }
    this.window -= length;
    stream.sendWindow -= length;
    this.#output.advance(header + length);
    return true;
  }

  /** Returns the DATA frame at the end of the output if it is this stream's and has room to grow. */
  #frameAtEnd(stream: Http2Stream): LastFrame | undefined {
    const last = this.#last;
    if (last?.stream !== stream) return undefined;
    const { flushes, length } = this.#output;
    const isAtEnd = last.flushes === flushes && last.at + FRAME_HEADER_LENGTH + last.length === length;
    return isAtEnd && last.length < this.#maxFrame ? last : undefined;
  }

  /** Resumes a stream whose own window has grown. */
  onStreamWindow(stream: Http2Stream): void {
    if (stream.outgoing.length > 0 && !this.#waiting.has(stream)) this.#advance(stream, Infinity);
  }

  /** Resumes waiting streams, one frame each in turn: the output or the connection's window has room. */
  onRoom(): void {
    let hasProgress = true;
    while (hasProgress && this.#waiting.size > 0) {
      hasProgress = false;
      for (const stream of [...this.#waiting]) {
        if (this.#output.contentRoom < MIN_ROOM) return;
        // The stream may have ended in the meantime.
        if (!this.#waiting.delete(stream)) continue;
        hasProgress = this.#advance(stream, this.#maxFrame) || hasProgress;
      }
    }
  }

  /** Drops the queue of a stream that is over. */
  forget(stream: Http2Stream): void {
    this.#waiting.delete(stream);
    for (const one of stream.outgoing.splice(0)) if (one.type === "data") one.done();
  }

  /** @returns whether anything was sent. */
  #advance(stream: Http2Stream, quantum: number): boolean {
    let left = quantum;
    let hasSent = false;
    for (let first = stream.outgoing[0]; first !== undefined; first = stream.outgoing[0]) {
      if (left <= 0 || this.#output.contentRoom < MIN_ROOM) {
        this.#waiting.add(stream);
        return hasSent;
      }
      if (first.type === "headers") {
        if (!this.#sendHeaders(stream, first.block, first.endStream)) {
          this.#waiting.add(stream);
          return hasSent;
        }
        hasSent = true;
      } else {
        const sent = this.#sendData(stream, first, left);
        left -= sent;
        hasSent ||= sent > 0;
        if (first.sent < first.body.length) {
          // A stream without a window of its own is resumed by its WINDOW_UPDATE.
          if (stream.sendWindow > 0) {
            if (left > 0 && this.window > 0 && sent > 0) continue;
            this.#waiting.add(stream);
          }
          return hasSent;
        }
      }
      stream.outgoing.shift();
      if (first.endStream) stream.pluginEnded = true;
      if (first.type === "data") first.done();
    }
    this.#onSent(stream);
    return true;
  }

  /** Sends a header block whole, in as many frames as it needs (RFC 9113, section 4.3). */
  #sendHeaders(stream: Http2Stream, fields: Uint8Array, endStream: boolean): boolean {
    const block = this.#hasSentHeaders ? fields : withoutTable(fields);
    const frames = Math.max(1, Math.ceil(block.length / this.#maxFrame));
    if (this.#output.headerRoom < block.length + frames * FRAME_HEADER_LENGTH) return false;
    for (let frame = 0; frame < frames; frame += 1) {
      const from = frame * this.#maxFrame;
      const part = block.length <= this.#maxFrame ? block : block.subarray(from, from + this.#maxFrame);
      const type = frame === 0 ? frameType.headers : frameType.continuation;
      const flags =
        (frame === 0 && endStream ? frameFlag.endStream : 0) | (frame === frames - 1 ? frameFlag.endHeaders : 0);
      const { buffer, length } = this.#output;
      writeFrameHeader(buffer, length, part.length, type, flags, stream.id);
      buffer.set(part, length + FRAME_HEADER_LENGTH);
      // All frames at once: no other frame may come between (RFC 9113, section 6.10).
      this.#output.advance(FRAME_HEADER_LENGTH + part.length);
    }
    this.#hasSentHeaders = true;
    return true;
  }

  /** @returns the number of bytes sent. */
  #sendData(stream: Http2Stream, data: Extract<Outgoing, { type: "data" }>, quantum: number): number {
    const { body, endStream } = data;
    let total = 0;
    do {
      const { buffer, length: at } = this.#output;
      const last = this.#frameAtEnd(stream);
      const header = last === undefined ? FRAME_HEADER_LENGTH : 0;
      const allowed = Math.min(this.window, stream.sendWindow, quantum - total, this.#output.contentRoom - header);
      const length = Math.min(body.length - data.sent, this.#maxFrame - (last?.length ?? 0), allowed);
      if (length < 0 || (length === 0 && body.length > 0)) break;
      body.copy(buffer, at + header, data.sent, data.sent + length);
      data.sent += length;
      total += length;
      this.window -= length;
      stream.sendWindow -= length;
      const flags = endStream && data.sent === body.length ? frameFlag.endStream : 0;
      if (last !== undefined) {
        last.length += length;
        writeFrameHeader(buffer, last.at, last.length, frameType.data, flags, stream.id);
      } else {
        writeFrameHeader(buffer, at, length, frameType.data, flags, stream.id);
        this.#last = { stream, flushes: this.#output.flushes, at, length };
      }
      if (flags !== 0) this.#last = undefined;
      this.#output.advance(header + length);
    } while (data.sent < body.length);
    return total;
  }
}
