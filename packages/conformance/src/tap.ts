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
/** As much of a print as it takes to know who prints it. */
const MAX_GARBAGE_BYTES = 200;

/**
 * Passes both directions on, and follows the frames that the plugin sends: what
 * is no frame was printed onto the connection by somebody else. For the host the
 * connection ends there: no frame can be found after it, and who looks for one hangs.
 */
export class Tap extends Duplex {
  /** How many frames of each type the plugin has sent, by its number. */
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
      // The plugin is not to wait for a reader.
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
    // A dead channel is told by the connection over it, or by the exit.
    this.on("error", () => undefined);
  }

  /** What the plugin sent that is no HTTP/2, and where: its beginning. Undefined while all is well. */
  get garbage(): string | undefined {
    if (this.#garbage === undefined) return undefined;
    const { place, bytes } = this.#garbage;
    return `${place}: ${JSON.stringify(bytes.toString("utf8"))}`;
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
    if (this.#header.length > 0) this.#garbage ??= { place: "at its end", bytes: this.#header };
  }

  /** @returns How many bytes of it can be frames. */
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

  /** @returns Whether it can be one. */
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
 * What there is of a header may be less than all. The first byte tells a text
 * already, as no frame is so long: a plugin may print a word, and hang.
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
