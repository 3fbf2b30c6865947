import { FRAME_HEADER_LENGTH, frameType, HostProtocolError } from "@kloset/wire/http2";

/** The longest payload that is kept to tell of a dropped frame; the rest is not looked AT. */
const MAX_KEPT_LENGTH = 1024;

/** The header of a frame. */
export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** Of the payload. */
  readonly length: number;
}

/** What a {@link FrameFilter} looks AT and takes out. */
export interface FrameFilterOptions {
  /** The bytes before the first frame. Default: none, as from a server. */
  readonly preface?: Buffer;
  /** Whether the frame is dropped. Asked once for each frame, in order; what it throws ends the filtering. */
  readonly drops: (frame: FrameHeader) => boolean;
  /**
   * Told of each frame that was dropped, when it was there whole, with the first
   * 1,024 bytes of its payload. What it answers is passed on in its place.
   */
  readonly onDropped?: (frame: FrameHeader, payload: Buffer) => Buffer | undefined;
  /**
   * Whether each DATA frame is passed on as a piece of its own. Node keeps a
   * piece whole as long as a byte of it is unread: one byte for a call that does
   * not read would keep the 64 KiB that came with it.
   */
  readonly isolatesData?: () => boolean;
}

/**
 * Takes frames out of one direction of an HTTP/2 connection, whatever pieces the
 * bytes come in. Payloads are not looked into otherwise.
 */
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
   * The pieces of `chunk` to pass on, without copying, in order. Mostly the chunk itself.
   *
   * @throws HostProtocolError when the preface is another.
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
        // A header in two chunks is held back until it is whole.
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

  /** Tells of a dropped frame AT its end. */
  #end(pieces: Buffer[]): void {
    if (!this.#dropping || this.#payloadLeft > 0) return;
    this.#dropping = false;
    const payload = Buffer.concat(this.#kept.splice(0));
    this.#keptLength = 0;
    const instead = this.#options.onDropped?.(this.#frame, payload);
    if (instead !== undefined) pieces.push(instead);
  }
}
