import { setImmediate as nextTurn } from "node:timers/promises";
import type { Channel, ChannelEvents } from "../io/channel.js";
import { CONTENT_BYTES } from "../limits.js";
import { Http2Connection } from "../http2/http2-connection.js";
import type { Body, Http2Stream, StreamHandler } from "../http2/http2-stream.js";
import { sendServerPreface } from "../http2/server-preface.js";
import { beginning, readFrames, type Frame } from "./frames.js";

/** The recorded events of one stream's handler. */
export class Recorded implements StreamHandler {
  data = "";
  ended = false;
  cut: string | undefined;
  closed = false;
  unreadBytes = 0;

  constructor(readonly stream: Http2Stream) {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.data += Buffer.from(bytes.subarray(start, end)).toString("latin1");
  }

  onEnd(): void {
    this.ended = true;
  }

  onCut(reason: Error): void {
    this.cut = reason.message;
  }

  onClose(): void {
    this.closed = true;
  }
}

/** An in-memory {@link Http2Connection} with the test at its other end: bytes in, frames out. */
export class MemoryHost {
  readonly connection: Http2Connection;
  /** Handlers by stream identifier. */
  readonly streams = new Map<number, Recorded>();
  /** How the connection ended; undefined while it is open. */
  end: { readonly error: string | undefined } | undefined;
  /** False for a host that stops reading. */
  reads = true;
  isPaused = false;
  #events: ChannelEvents | undefined;
  #sent: Buffer[] = [];
  #written: (() => void)[] = [];

  /** @param begins - Exchanges the preface and SETTINGS first. */
  constructor({ begins = true } = {}) {
    const channel = this.#channel();
    sendServerPreface(channel);
    this.connection = new Http2Connection(channel, {
      onRequest: (stream) => {
        const recorded = new Recorded(stream);
        this.streams.set(stream.id, recorded);
        return recorded;
      },
      onRoom: () => undefined,
      onClose: (error) => (this.end = { error: error?.message }),
    });
    this.connection.start();
    if (begins) this.send(beginning);
  }

  /** Passes bytes to the connection all together, in memory that is reused. */
  send(...parts: readonly Uint8Array[]): this {
    const bytes = Buffer.concat(parts);
    this.#events?.onBytes(bytes);
    bytes.fill(0xee);
    return this;
  }

  /** Passes bytes to the connection one by one. */
  sendBytes(...parts: readonly Uint8Array[]): this {
    for (const byte of Buffer.concat(parts)) this.send(Buffer.of(byte));
    return this;
  }

  /** Returns the frames sent since the last call, once the connection is quiet. */
  async frames(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await nextTurn();
      if (this.#written.length > 0 && this.reads) {
        quiet = 0;
        for (const written of this.#written.splice(0)) written();
      }
    }
    frames.push(...readFrames(Buffer.concat(this.#sent.splice(0))));
    return frames;
  }

  /** Returns the recorded events of a stream. @throws Error for a stream that was not opened. */
  stream(id: number): Recorded {
    const recorded = this.streams.get(id);
    if (recorded === undefined) throw new Error(`stream ${id} was not opened`);
    return recorded;
  }

  /** Answers with content. @returns the number of calls of `done`. */
  answer(id: number, content: Uint8Array | string, endStream = false): { done: number } {
    const calls = { done: 0 };
    this.connection.sendData(this.stream(id).stream, bodyOf(content), endStream, () => {
      calls.done += 1;
    });
    return calls;
  }

  #channel(): Channel {
    return {
      contentBytes: CONTENT_BYTES,
      start: (events) => (this.#events = events),
      write: (bytes, written) => {
        this.#sent.push(Buffer.from(bytes));
        this.#written.push(written);
      },
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      close: (error) => {
        const events = this.#events;
        this.#events = undefined;
        events?.onClose(error);
      },
    };
  }
}

/** Wraps bytes as a body. */
function bodyOf(content: Uint8Array | string): Body {
  const bytes = Buffer.from(content);
  return {
    length: bytes.length,
    copy: (target, targetStart, from, to) => {
      target.set(bytes.subarray(from, to), targetStart);
    },
  };
}
