import { FRAME_HEADER_LENGTH } from "@kloset/wire/http2";

/**
 * Returns the types of the HTTP/2 frames that a plugin has written, in order.
 *
 * @throws Error if the bytes are not a sequence of whole frames.
 */
export function frameTypesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + FRAME_HEADER_LENGTH > bytes.length)
      throw new Error(`${bytes.length - at} bytes are left, which is not a whole frame`);
    types.push(bytes.readUInt8(at + 3));
    at += FRAME_HEADER_LENGTH + bytes.readUIntBE(at, 3);
  }
  if (at !== bytes.length) throw new Error("the last frame is not whole");
  return types;
}

/** An HTTP/2 frame, without its payload. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
}

/** Parses the frames in one direction of a connection, however the bytes are split. */
export class FrameReader {
  /** The frames whose headers have arrived, in order. */
  readonly frames: Frame[] = [];
  #skip: number;
  #header = Buffer.alloc(0);

  /** @param prefaceLength - The number of bytes before the first frame: 24 from a client, 0 from a server. */
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
      const missing = FRAME_HEADER_LENGTH - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length < FRAME_HEADER_LENGTH) return;
      this.frames.push({ type: this.#header.readUInt8(3), flags: this.#header.readUInt8(4) });
      this.#skip = this.#header.readUIntBE(0, 3);
      this.#header = Buffer.alloc(0);
    }
  }
}
