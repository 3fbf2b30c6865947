const HEADER_LENGTH = 9;

/**
 * The types of the HTTP/2 frames in what a plugin has written, in order.
 *
 * @throws Error when there is anything but whole frames.
 */
export function frameTypesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + HEADER_LENGTH > bytes.length) throw new Error(`${bytes.length - at} bytes are no frame`);
    types.push(bytes.readUInt8(at + 3));
    at += HEADER_LENGTH + bytes.readUIntBE(at, 3);
  }
  if (at !== bytes.length) throw new Error("the last frame is not whole");
  return types;
}

/** An HTTP/2 frame, without its payload. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
}

/** Tells the frames in one direction of a connection, whatever pieces the bytes come in. */
export class FrameReader {
  /** The frames whose header was seen, in order. */
  readonly frames: Frame[] = [];
  #skip: number;
  #header = Buffer.alloc(0);

  /** @param prefaceLength - Bytes before the first frame: 24 from a client. */
  constructor(prefaceLength: number) {
    this.#skip = prefaceLength;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, rest.length);
        this.#skip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const missing = HEADER_LENGTH - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length < HEADER_LENGTH) return;
      this.frames.push({ type: this.#header.readUInt8(3), flags: this.#header.readUInt8(4) });
      this.#skip = this.#header.readUIntBE(0, 3);
      this.#header = Buffer.alloc(0);
    }
  }
}
