import { FRAME_HEADER_LENGTH, frameType, HostProtocolError } from "@kloset/wire/http2";

/** Maximum number of payload bytes of a dropped frame that are kept for `onDropped`; the rest is discarded. */
const MAX_KEPT_LENGTH = 1024;

/** The header of a frame. */
export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** The length of the payload, in bytes. */
  readonly length: number;
}

/** Options of {@link FrameFilter}. */
export interface FrameFilterOptions {
  /** The bytes that must precede the first frame. Default: empty, as sent by servers. */
  readonly preface?: Buffer;
  /** Returns true to drop the frame. Called once per frame, in order; an error that it throws ends the filtering. */
  readonly drops: (frame: FrameHeader) => boolean;
  /**
   * Called at the end of each dropped frame, with the first 1,024 bytes of its payload. Returns the bytes to pass on
   * instead of the frame.
   */
  readonly onDropped?: (frame: FrameHeader, payload: Buffer) => Buffer | undefined;
  /**
   * Returns true to pass on each DATA frame as a separate piece. Node keeps a whole piece in memory while a byte of it
   * is unread: one byte of a call that does not read would retain the 64 KiB that it arrived with.
   */
  readonly isolatesData?: () => boolean;
}

/** Drops frames from one direction of an HTTP/2 connection, however the bytes are split into chunks. */
export class FrameFilter {
  readonly #options: FrameFilterOptions;
  readonly #header = Buffer.alloc(FRAME_HEADER_LENGTH);
  #headerFilled = 0;
  #payloadLeft = 0;
  #frame: FrameHeader = { type: 0, flags: 0, stream: 0, length: 0 };
  #dropping = false;
  #kept: Buffer[] = [];
  #keptLength = 0;
  #prefaceLeft: Buffer;

  constructor(options: FrameFilterOptions) {
    this.#options = options;
    this.#prefaceLeft = options.preface ?? Buffer.alloc(0);
  }

  /**
   * Returns the pieces of `chunk` to pass on, in order and without copying; usually the chunk itself.
   *
   * @throws HostProtocolError if the preface differs.
   */
  filter(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let at = this.#takePreface(chunk);
    let from = 0;
    const passUpTo = (end: number): void => {
      if (end > from) pieces.push(chunk.subarray(from, end));
      from = end;
    };
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, chunk.length - at);
        if (this.#dropping) this.#keep(chunk.subarray(at, at + length));
        at += length;
        this.#payloadLeft -= length;
        if (this.#dropping) from = at;
        else if (this.#isolated()) passUpTo(at);
        this.#end(pieces);
      } else if (this.#headerFilled === 0 && chunk.length - at >= FRAME_HEADER_LENGTH) {
        this.#begin(chunk, at);
        if (this.#dropping || this.#isolated()) passUpTo(at);
        at += FRAME_HEADER_LENGTH;
        if (this.#dropping) from = at;
        this.#end(pieces);
      } else {
        // A header split across chunks is held back until it is complete.
        if (this.#headerFilled === 0) passUpTo(at);
        const length = Math.min(FRAME_HEADER_LENGTH - this.#headerFilled, chunk.length - at);
        chunk.copy(this.#header, this.#headerFilled, at, at + length);
        this.#headerFilled += length;
        at += length;
        from = at;
        if (this.#headerFilled < FRAME_HEADER_LENGTH) continue;
        this.#headerFilled = 0;
        this.#begin(this.#header, 0);
        if (!this.#dropping) pieces.push(Buffer.from(this.#header));
        this.#end(pieces);
      }
    }
    passUpTo(at);
    return pieces;
  }

  #takePreface(chunk: Buffer): number {
    const length = Math.min(this.#prefaceLeft.length, chunk.length);
    const part = chunk.subarray(0, length);
    if (!part.equals(this.#prefaceLeft.subarray(0, length))) {
      const text = JSON.stringify(part.toString("latin1"));
      throw new HostProtocolError(`the host does not speak HTTP/2: it began with ${text}`);
    }
    this.#prefaceLeft = this.#prefaceLeft.subarray(length);
    return length;
  }

  #begin(header: Buffer, at: number): void {
    const length = header.readUIntBE(at, 3);
    this.#frame = {
      length,
      type: header.readUInt8(at + 3),
      flags: header.readUInt8(at + 4),
      stream: header.readUInt32BE(at + 5) & 0x7fffffff,
    };
    this.#payloadLeft = length;
    this.#dropping = this.#options.drops(this.#frame);
  }

  #isolated(): boolean {
    return this.#frame.type === frameType.data && this.#options.isolatesData?.() === true;
  }

  #keep(part: Buffer): void {
    if (this.#keptLength >= MAX_KEPT_LENGTH) return;
    const kept = Buffer.from(part.subarray(0, MAX_KEPT_LENGTH - this.#keptLength));
    this.#kept.push(kept);
    this.#keptLength += kept.length;
  }

  /** Calls `onDropped` at the end of a dropped frame. */
  #end(pieces: Buffer[]): void {
    if (!this.#dropping || this.#payloadLeft > 0) return;
    this.#dropping = false;
    const payload = Buffer.concat(this.#kept.splice(0));
    this.#keptLength = 0;
    const instead = this.#options.onDropped?.(this.#frame, payload);
    if (instead !== undefined) pieces.push(instead);
  }
}
