import { FRAME_HEADER_LENGTH, frameType } from "./http2.js";

/** Frame types that a gRPC server may send. */
const allowed: ReadonlySet<number> = new Set([
  frameType.data,
  frameType.headers,
  frameType.rstStream,
  frameType.settings,
  frameType.ping,
  frameType.windowUpdate,
  frameType.continuation,
]);

/** The largest payload of a frame unless the client allows more; nghttp2 never sends more. */
const MAX_PAYLOAD = 16_384;

/** Frame types on the stream of a request (odd) or of the connection (0); other types occur on both. */
const onStream: ReadonlySet<number> = new Set([
  frameType.data,
  frameType.headers,
  frameType.rstStream,
  frameType.continuation,
]);
const onConnection: ReadonlySet<number> = new Set([frameType.settings, frameType.ping]);

/** Checks a plugin's output: HTTP/2 frames, SETTINGS first, and never a GOAWAY. */
export class OutputCheck {
  #header = Buffer.alloc(0);
  #payloadLeft = 0;
  #frames = 0;
  #fault: string | undefined;
  #goaway = false;
  /** The number of bytes so far. */
  bytes = 0;

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length && this.#fault === undefined;) {
      if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= length;
        at += length;
        continue;
      }
      const piece = chunk.subarray(at, at + FRAME_HEADER_LENGTH - this.#header.length);
      this.#header = Buffer.concat([this.#header, piece]);
      at += piece.length;
      if (this.#header.length === FRAME_HEADER_LENGTH) this.#begin(this.#header);
    }
  }

  /** Returns the faults. @param whole - True if the output must end at a frame boundary. */
  faults(whole: boolean): string[] {
    const faults: string[] = [];
    if (this.#goaway) faults.push("goaway: a GOAWAY frame was sent");
    if (this.#fault !== undefined) faults.push(`output: ${this.#fault}`);
    else if (whole && (this.#payloadLeft > 0 || this.#header.length > 0)) faults.push("output: it ends within a frame");
    return faults;
  }

  #begin(header: Buffer): void {
    this.#header = Buffer.alloc(0);
    const length = header.readUIntBE(0, 3);
    const type = header.readUInt8(3);
    const stream = header.readUInt32BE(5);
    this.#frames++;
    this.#payloadLeft = length;
    if (type === frameType.goaway) this.#goaway = true;
    else if (!allowed.has(type)) this.#fault = `frame ${this.#frames} has the type ${type}`;
    else if (this.#frames === 1 && type !== frameType.settings) this.#fault = "the first frame is not SETTINGS";
    else if (length > MAX_PAYLOAD) this.#fault = `frame ${this.#frames} has ${length} bytes`;
    else if (onStream.has(type) ? stream % 2 !== 1 : onConnection.has(type) && stream !== 0) {
      this.#fault = `frame ${this.#frames}, of type ${type}, is on stream ${stream}`;
    }
  }
}
