import { setImmediate as nextTurn } from "node:timers/promises";
import type { Channel, ChannelEvents } from "../io/channel.js";
import { Http2Connection } from "../http2/http2-connection.js";
import type { Body, Http2Stream, StreamHandler } from "../http2/http2-stream.js";
import { sendServerPreface } from "../http2/server-preface.js";
import { beginning, readFrames, type Frame } from "./frames.js";

/** What the handler of one stream was told. */
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

/** An {@link Http2Connection} in memory, whose other end is the test: bytes in, frames out. */
export class MemoryHost {
  readonly connection: Http2Connection;
  /** By stream. */
  readonly streams = new Map<number, Recorded>();
  /** How the connection has ended; undefined while it has not. */
  end: { readonly error: string | undefined } | undefined;
  /** Whether what the connection writes is taken: a host that reads. */
  reads = true;
  isPaused = false;
  #events: ChannelEvents | undefined;
  #sent: Buffer[] = [];
  #written: (() => void)[] = [];

  /** @param begins - Whether the preface and SETTINGS were exchanged before. */
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

  /** Hands bytes to the connection, all together, in memory that is used again. */
  send(...parts: readonly Uint8Array[]): this {
    const bytes = Buffer.concat(parts);
    this.#events?.onBytes(bytes);
    bytes.fill(0xee);
    return this;
  }

  /** The same, byte by byte. */
  sendBytes(...parts: readonly Uint8Array[]): this {
    for (const byte of Buffer.concat(parts)) this.send(Buffer.of(byte));
    return this;
  }

  /** The frames that were sent since the last call, when nothing more comes. */
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

  /** What a stream's handler was told. @throws Error when there is none. */
  stream(id: number): Recorded {
    const recorded = this.streams.get(id);
    if (recorded === undefined) throw new Error(`stream ${id} was not opened`);
    return recorded;
  }

  /** Answers with content. @returns how many times it was told that it is copied out. */
  answer(id: number, content: Uint8Array | string, endStream = false): { done: number } {
    const told = { done: 0 };
    this.connection.sendData(this.stream(id).stream, bodyOf(content), endStream, () => {
      told.done += 1;
    });
    return told;
  }

  #channel(): Channel {
    return {
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

/** Bytes as a body. */
function bodyOf(content: Uint8Array | string): Body {
  const bytes = Buffer.from(content);
  return {
    length: bytes.length,
    copy: (target, targetStart, from, to) => {
      target.set(bytes.subarray(from, to), targetStart);
    },
  };
}
