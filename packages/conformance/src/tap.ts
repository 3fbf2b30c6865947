import { Duplex } from "node:stream";

/** HTTP/2's frame types (RFC 9113, section 6). */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

const HEADER_BYTES = 9;
/** What a peer may send unless it was told otherwise; the kit's host never tells otherwise. */
const MAX_FRAME_BYTES = 16_384;

/**
 * Passes both directions on, and follows the frames that the plugin sends: what
 * is no frame was printed onto the connection by somebody else.
 */
export class Tap extends Duplex {
  /** How many frames of each type the plugin has sent, by its number. */
  readonly frames = new Map<number, number>();
  /** What the plugin sent that is no HTTP/2; undefined while all is well. */
  garbage: string | undefined;
  readonly #inner: Duplex;
  #header = Buffer.alloc(0);
  #payloadLeft = 0;

  constructor(inner: Duplex) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => {
      this.#follow(chunk);
      if (!this.push(chunk)) inner.pause();
    });
    inner.pause();
    inner.on("end", () => {
      this.#atEnd();
      this.push(null);
    });
    inner.on("close", () => {
      if (!this.readableEnded) this.push(null);
      this.destroy();
    });
    inner.on("error", (error) => {
      this.destroy(error);
    });
    // A dead channel is told by the connection over it, or by the exit.
    this.on("error", () => undefined);
  }

  /** How many frames of a type the plugin has sent. */
  count(type: number): number {
    return this.frames.get(type) ?? 0;
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  /** What is shorter than a header is no frame either. */
  #atEnd(): void {
    if (this.#header.length > 0) this.garbage ??= `at its end: ${JSON.stringify(this.#header.toString("latin1"))}`;
  }

  #follow(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.garbage === undefined) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, rest.length);
        this.#payloadLeft -= taken;
        rest = rest.subarray(taken);
        continue;
      }
      const wanted = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#header.length === HEADER_BYTES) this.#onHeader(this.#header);
    }
  }

  #onHeader(header: Buffer): void {
    this.#header = Buffer.alloc(0);
    const length = header.readUIntBE(0, 3);
    const type = header.readUInt8(3);
    const first = this.frames.size === 0;
    if (length > MAX_FRAME_BYTES || type > FrameType.CONTINUATION || (first && type !== FrameType.SETTINGS)) {
      const place = first ? "at its start" : `after ${String([...this.frames.values()].reduce((a, b) => a + b, 0))} frames`;
      this.garbage = `${place}: ${JSON.stringify(header.toString("latin1"))}`;
      return;
    }
    this.frames.set(type, this.count(type) + 1);
    this.#payloadLeft = length;
  }
}
