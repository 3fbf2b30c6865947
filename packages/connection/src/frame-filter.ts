const headerLength = 9;

/** The frame types that filters care for (RFC 9113, section 6). */
export const frameType = { rstStream: 0x3, goaway: 0x7 } as const;


/** What a {@link FrameFilter} takes out. */
export interface FrameFilterOptions {
  /** Bytes before the first frame: 24 from a client, 0 from a server. */
  readonly prefaceLength: number;
  /** The types of the frames that are dropped. */
  readonly drop: readonly number[];
  /** Told of each frame that was dropped, when it was there whole. */
  readonly onDropped?: (type: number, stream: number) => void;
}

/**
 * Takes frames of some types out of one direction of an HTTP/2 connection,
 * whatever pieces the bytes come in. Frames are not looked into otherwise.
 */
export class FrameFilter {
  readonly #options: FrameFilterOptions;
  readonly #header = Buffer.alloc(headerLength);
  #headerFilled = 0;
  #payloadLeft = 0;
  #dropping = false;
  #type = 0;
  #stream = 0;
  #prefaceLeft: number;

  constructor(options: FrameFilterOptions) {
    this.#options = options;
    this.#prefaceLeft = options.prefaceLength;
  }

  /** The pieces of `chunk` to pass on, without copying, in order. Mostly the chunk itself. */
  filter(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let at = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= at;
    let from = 0;
    const passUpTo = (end: number): void => {
      if (end > from) pieces.push(chunk.subarray(from, end));
    };
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, chunk.length - at);
        at += length;
        if (this.#dropping) from = at;
        this.#take(length);
      } else if (this.#headerFilled === 0 && chunk.length - at >= headerLength) {
        this.#begin(chunk, at);
        if (this.#dropping) passUpTo(at);
        at += headerLength;
        if (this.#dropping) from = at;
        this.#take(0);
      } else {
        // A header in two chunks is held back until it is whole.
        if (this.#headerFilled === 0) passUpTo(at);
        const length = Math.min(headerLength - this.#headerFilled, chunk.length - at);
        chunk.copy(this.#header, this.#headerFilled, at, at + length);
        this.#headerFilled += length;
        at += length;
        from = at;
        if (this.#headerFilled < headerLength) continue;
        this.#headerFilled = 0;
        this.#begin(this.#header, 0);
        if (!this.#dropping) pieces.push(Buffer.from(this.#header));
        this.#take(0);
      }
    }
    passUpTo(at);
    return pieces;
  }

  #begin(header: Buffer, at: number): void {
    this.#payloadLeft = header.readUIntBE(at, 3);
    this.#type = header.readUInt8(at + 3);
    this.#stream = header.readUInt32BE(at + 5) & 0x7fffffff;
    this.#dropping = this.#options.drop.includes(this.#type);
  }

  /** Counts bytes of the payload; tells of a dropped frame at its end. */
  #take(length: number): void {
    this.#payloadLeft -= length;
    if (this.#dropping && this.#payloadLeft === 0) {
      this.#dropping = false;
      this.#options.onDropped?.(this.#type, this.#stream);
    }
  }
}
