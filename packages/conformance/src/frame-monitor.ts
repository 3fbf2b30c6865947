import { Duplex } from "node:stream";

/** The HTTP/2 frame types (RFC 9113, section 6). */
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
/** SETTINGS_MAX_FRAME_SIZE: the kit's host leaves it at the default. */
const MAX_FRAME_BYTES = 16_384;
/** Enough of the stray output to recognize its origin. */
const MAX_GARBAGE_BYTES = 200;

/**
 * Passes both directions on and follows the frames that the plugin sends. Bytes that do not begin a frame were printed
 * to the connection by mistake. The monitor ends the connection for the host there: frames after them cannot be found,
 * and a host that looks for them hangs.
 */
export class FrameMonitor extends Duplex {
  /** The number of frames the plugin has sent, by frame type. */
  readonly frames = new Map<number, number>();
  readonly #inner: Duplex;
  #header = Buffer.alloc(0);
  #garbage: { readonly place: string; bytes: Buffer } | undefined;
  #payloadLeft = 0;

  constructor(inner: Duplex) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => {
      const wasClean = this.#garbage === undefined;
      const clean = chunk.subarray(0, this.#follow(chunk));
      if (clean.length > 0 && !this.push(clean)) inner.pause();
      if (this.#garbage === undefined) return;
      if (wasClean) this.push(null);
      // Keep reading, so that the plugin does not block.
      inner.resume();
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
    // The HTTP/2 connection, or the exit, reports a dead transport.
    this.on("error", () => undefined);
  }

  /** The place and the beginning of output that is not HTTP/2; undefined if there is none. */
  get garbage(): string | undefined {
    if (this.#garbage === undefined) return undefined;
    const { place, bytes } = this.#garbage;
    return `${place}: ${JSON.stringify(bytes.toString("utf8"))}`;
  }

  /** Returns the number of frames of a type that the plugin has sent. */
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

  /** A partial header at the end is not a frame. */
  #atEnd(): void {
    if (this.#header.length > 0) this.#garbage ??= { place: "at its end", bytes: this.#header };
  }

  /** Returns the number of leading bytes that belong to frames. */
  #follow(chunk: Buffer): number {
    let rest = chunk;
    let clean = 0;
    while (rest.length > 0) {
      if (this.#garbage !== undefined) {
        const { bytes } = this.#garbage;
        this.#garbage.bytes = Buffer.concat([bytes, rest.subarray(0, MAX_GARBAGE_BYTES - bytes.length)]);
        return clean;
      }
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, rest.length);
        this.#payloadLeft -= taken;
        rest = rest.subarray(taken);
        clean = chunk.length - rest.length;
        continue;
      }
      const wanted = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#onHeader(this.#header)) clean = chunk.length - rest.length;
    }
    return clean;
  }

  /** Returns false if the bytes cannot begin a frame. */
  #onHeader(header: Buffer): boolean {
    const first = this.frames.size === 0;
    if (!canBeginFrame(header, first)) {
      const place = first ? "at its start" : `after ${[...this.frames.values()].reduce((a, b) => a + b, 0)} frames`;
      this.#header = Buffer.alloc(0);
      this.#garbage = { place, bytes: header };
      return false;
    }
    if (header.length < HEADER_BYTES) return true;
    this.#header = Buffer.alloc(0);
    const type = header.readUInt8(3);
    this.frames.set(type, this.count(type) + 1);
    this.#payloadLeft = header.readUIntBE(0, 3);
    return true;
  }
}

/**
 * Takes a header that may be incomplete. The first byte gives text away, because it would make the frame too long. That
 * matters for a plugin that prints a short word and then hangs.
 */
function canBeginFrame(header: Buffer, first: boolean): boolean {
  if (header.readUInt8(0) !== 0) return false;
  if (header.length < HEADER_BYTES) return true;
  const type = header.readUInt8(3);
  return (
    header.readUIntBE(0, 3) <= MAX_FRAME_BYTES &&
    type <= FrameType.CONTINUATION &&
    (!first || type === FrameType.SETTINGS)
  );
}
