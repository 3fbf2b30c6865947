import {
  frameFlag,
  FRAME_HEADER_LENGTH,
  frameType,
  HostProtocolError,
  MAX_FRAME_BYTES,
  MAX_QUOTED_LENGTH,
  preface,
  readUint32,
} from "@kloset/wire/http2";

/** The header of a frame (RFC 9113, section 4.1). The object is reused for the next frame. */
export interface FrameHeader {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** The receiver of frames. An error that it throws stops the reader. */
export interface FrameSink {
  /** Receives a frame's header before its payload, so that its length can be refused. */
  onFrame(frame: FrameHeader): void;
  /** Receives a piece of a DATA frame in borrowed memory; the last one, which may be empty, has `isLast`. */
  onData(bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
  /** Receives the whole payload of a frame of another type, in borrowed memory. */
  onPayload(frame: FrameHeader, bytes: Uint8Array, start: number, end: number): void;
}

/**
 * Splits the bytes of a connection into frames, however they are chunked. DATA is passed
 * on as it arrives, without a copy; other frames are collected one at a time, each of at
 * most `MAX_FRAME_BYTES`.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #prefaceLeft = preface.length;
  readonly #header = new Uint8Array(FRAME_HEADER_LENGTH);
  #headerLength = 0;
  /** Shared by all frames: a frame of a few bytes should not cost an object. */
  readonly #frame = { length: 0, type: 0, flags: 0, stream: 0 };
  /** True while a frame is incomplete. */
  #isInFrame = false;
  /** Bytes of the payload, including padding. */
  #left = 0;
  readonly #payload = new Uint8Array(MAX_FRAME_BYTES);
  #payloadLength = 0;
  #hasSettings = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Reads bytes. @throws HostProtocolError when they are not HTTP/2; errors of the sink are passed on. */
  read(bytes: Uint8Array): void {
    let at = this.#prefaceLeft > 0 ? this.#readPreface(bytes) : 0;
    while (at < bytes.length) {
      if (!this.#isInFrame) at = this.#readHeader(bytes, at);
      else if (isPlainData(this.#frame)) at = this.#readData(bytes, at);
      else at = this.#readPayload(bytes, at);
    }
  }

  #readPreface(bytes: Uint8Array): number {
    const from = preface.length - this.#prefaceLeft;
    const length = Math.min(this.#prefaceLeft, bytes.length);
    if (preface.compare(bytes, 0, length, from, from + length) !== 0) {
      const text = Buffer.from(bytes.subarray(0, Math.min(bytes.length, MAX_QUOTED_LENGTH))).toString(
        "latin1",
        0,
        length,
      );
      throw new HostProtocolError(`the host does not speak HTTP/2: it began with ${JSON.stringify(text)}`);
    }
    this.#prefaceLeft -= length;
    return length;
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    let source = bytes;
    let start = at;
    let next = at + FRAME_HEADER_LENGTH;
    if (this.#headerLength > 0 || next > bytes.length) {
      const length = Math.min(FRAME_HEADER_LENGTH - this.#headerLength, bytes.length - at);
      this.#header.set(bytes.subarray(at, at + length), this.#headerLength);
      this.#headerLength += length;
      if (this.#headerLength < FRAME_HEADER_LENGTH) return bytes.length;
      this.#headerLength = 0;
      source = this.#header;
      start = 0;
      next = at + length;
    }
    const frame = this.#frame;
    frame.length = ((source[start] ?? 0) << 16) | ((source[start + 1] ?? 0) << 8) | (source[start + 2] ?? 0);
    frame.type = source[start + 3] ?? 0;
    frame.flags = source[start + 4] ?? 0;
    // Clears the reserved bit.
    frame.stream = readUint32(source, start + 5) & 0x7fff_ffff;
    this.#begin(frame);
    return next;
  }

  #begin(frame: FrameHeader): void {
    if (frame.length > MAX_FRAME_BYTES) {
      throw new HostProtocolError(`the host sent a frame of ${frame.length} bytes; the limit is ${MAX_FRAME_BYTES}`);
    }
    if (!this.#hasSettings) {
      // RFC 9113, section 3.4: the preface ends with a SETTINGS frame.
      if (frame.type !== frameType.settings || (frame.flags & frameFlag.ack) !== 0) {
        throw new HostProtocolError("the host broke HTTP/2: PROTOCOL_ERROR (its first frame is not SETTINGS)");
      }
      this.#hasSettings = true;
    }
    this.#sink.onFrame(frame);
    this.#left = frame.length;
    this.#payloadLength = 0;
    if (frame.length > 0) this.#isInFrame = true;
    else if (isPlainData(frame)) this.#sink.onData(this.#payload, 0, 0, true);
    else this.#sink.onPayload(frame, this.#payload, 0, 0);
  }

  #readData(bytes: Uint8Array, at: number): number {
    const end = at + Math.min(this.#left, bytes.length - at);
    this.#left -= end - at;
    const isLast = this.#left === 0;
    if (isLast) this.#isInFrame = false;
    this.#sink.onData(bytes, at, end, isLast);
    return end;
  }

  #readPayload(bytes: Uint8Array, at: number): number {
    const end = at + Math.min(this.#left, bytes.length - at);
    this.#left -= end - at;
    if (this.#payloadLength === 0 && this.#left === 0) {
      this.#isInFrame = false;
      this.#sink.onPayload(this.#frame, bytes, at, end);
      return end;
    }
    this.#payload.set(bytes.subarray(at, end), this.#payloadLength);
    this.#payloadLength += end - at;
    if (this.#left > 0) return end;
    this.#isInFrame = false;
    this.#sink.onPayload(this.#frame, this.#payload, 0, this.#payloadLength);
    return end;
  }
}

/** Returns whether a DATA frame has padding. Those are rare, and collected like other frames. */
function isPlainData({ type, flags }: FrameHeader): boolean {
  return type === frameType.data && (flags & frameFlag.padded) === 0;
}
