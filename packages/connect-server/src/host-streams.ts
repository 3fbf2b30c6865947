import type { FrameHeader } from "./frame-filter.js";
import {
  frameFlag,
  frameType,
  HostProtocolError,
  FRAME_COST_BYTES,
  MAX_CONCURRENT_STREAMS,
  MAX_DYING_BYTES,
  MAX_DYING_STREAMS,
  MAX_FRAME_BYTES,
  MAX_SHARED_FRAMES,
  MAX_UNREAD_BYTES,
} from "@kloset/wire/http2";

/**
 * Why a stream is ended from this side:
 * - `reset`: the host has reset it.
 * - `refused`: the host has opened it beyond the number that it was told.
 * - `overloaded`: too much has come that nobody reads.
 */
export type Fate = "reset" | "refused" | "overloaded";

interface HostStream {
  hostEnded: boolean;
  pluginEnded: boolean;
  fate: Fate | undefined;
  unreadBytes: number;
  unreadFrames: number;
}

/** What {@link HostStreams} tells. */
export interface HostStreamsEvents {
  /** A stream has to be ended from this side. It may not have been announced by the session yet. */
  readonly onFate: (stream: number, fate: Fate) => void;
  /** {@link HostStreams.isFull} has become false. */
  readonly onRoom: () => void;
}

/**
 * Counts the streams of a connection and what they hold, by the frames that pass.
 *
 * nghttp2 counts too, but ends the connection where a stream would do: it takes
 * a stream that the host has reset for open until its own reset has gone out,
 * and a host that cancels and opens calls faster than that for one that breaks
 * its word. So hosts are told a number that nghttp2 does not know, and it is kept here.
 */
export class HostStreams {
  readonly #events: HostStreamsEvents;
  readonly #streams = new Map<number, HostStream>();
  #lastStream = 0;
  #dying = 0;
  #dyingBytes = 0;
  /** Of streams that are not dying. */
  #unreadBytes = 0;
  #unreadFrames = 0;
  #wasFull = false;

  constructor(events: HostStreamsEvents) {
    this.#events = events;
  }

  /** Whether the host must not be read on: it makes streams die faster than it takes their resets. */
  get isFull(): boolean {
    return this.#dying >= MAX_DYING_STREAMS || this.#dyingBytes >= MAX_DYING_BYTES;
  }

  /** Whether so many frames are unread that each needs memory of its own. */
  get isCrowded(): boolean {
    return this.#unreadFrames >= MAX_SHARED_FRAMES;
  }

  /** What is to become of a stream that the session has announced. */
  fateOf(id: number): Fate | undefined {
    return this.#streams.get(id)?.fate;
  }

  /**
   * A frame of the host's.
   *
   * @throws HostProtocolError when it is too large, or resets a stream that was
   *   never opened, or is no whole reset.
   */
  received({ type, flags, stream, length }: FrameHeader): void {
    if (length > MAX_FRAME_BYTES) {
      throw new HostProtocolError(`the host sent a frame of ${length} bytes; the limit is ${MAX_FRAME_BYTES}`);
    }
    if (type === frameType.headers) this.#opened(stream);
    else if (type === frameType.data) this.#arrived(stream, length);
    else if (type === frameType.rstStream) this.#reset(stream, length);
    if ((type === frameType.headers || type === frameType.data) && (flags & frameFlag.endStream) !== 0) {
      const state = this.#streams.get(stream);
      if (state === undefined) return;
      state.hostEnded = true;
      if (state.pluginEnded) this.#remove(stream, state);
    }
  }

  /** A frame of the plugin's. */
  sent({ type, flags, stream }: FrameHeader): void {
    const state = this.#streams.get(stream);
    if (state === undefined) return;
    if (type === frameType.rstStream) this.#remove(stream, state);
    else if ((type === frameType.headers || type === frameType.data) && (flags & frameFlag.endStream) !== 0) {
      state.pluginEnded = true;
      if (state.hostEnded) this.#remove(stream, state);
    }
  }

  /** A call has read from its stream. */
  read(id: number, bytes: number): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.fate !== undefined || state.unreadBytes === 0) return;
    // A read takes all there is, mostly; of the frames it takes its share.
    const share = Math.min(1, bytes / state.unreadBytes);
    const frames = Math.ceil(state.unreadFrames * share);
    const length = Math.min(bytes, state.unreadBytes);
    state.unreadBytes -= length;
    state.unreadFrames -= frames;
    this.#unreadBytes -= length;
    this.#unreadFrames -= frames;
  }

  #opened(id: number): void {
    // Trailers, or what nghttp2 judges.
    if (id <= this.#lastStream) return;
    this.#lastStream = id;
    this.#streams.set(id, { hostEnded: false, pluginEnded: false, fate: undefined, unreadBytes: 0, unreadFrames: 0 });
    if (this.#streams.size - this.#dying > MAX_CONCURRENT_STREAMS) this.#end(id, "refused");
  }

  #arrived(id: number, length: number): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.fate !== undefined) return;
    state.unreadBytes += length;
    state.unreadFrames += 1;
    this.#unreadBytes += length;
    this.#unreadFrames += 1;
    if (this.#unreadBytes + this.#unreadFrames * FRAME_COST_BYTES > MAX_UNREAD_BYTES)
      this.#end(this.#fullest(), "overloaded");
  }

  #reset(id: number, length: number): void {
    if (length !== 4) throw new HostProtocolError(`the host sent a RST_STREAM frame of ${length} bytes; it has 4`);
    // The even ones are the server's, which opens none.
    if (id % 2 === 0 || id > this.#lastStream) {
      throw new HostProtocolError(`the host reset stream ${id}, which it has not opened`);
    }
    this.#end(id, "reset");
  }

  #fullest(): number {
    let fullest = 0;
    let most = -1;
    for (const [id, state] of this.#streams) {
      const cost = costOf(state);
      if (state.fate !== undefined || cost <= most) continue;
      fullest = id;
      most = cost;
    }
    return fullest;
  }

  #end(id: number, fate: Fate): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.fate !== undefined) return;
    state.fate = fate;
    this.#dying += 1;
    this.#dyingBytes += costOf(state);
    this.#unreadBytes -= state.unreadBytes;
    this.#unreadFrames -= state.unreadFrames;
    this.#wasFull ||= this.isFull;
    this.#events.onFate(id, fate);
  }

  #remove(id: number, state: HostStream): void {
    this.#streams.delete(id);
    if (state.fate === undefined) {
      this.#unreadBytes -= state.unreadBytes;
      this.#unreadFrames -= state.unreadFrames;
      return;
    }
    this.#dying -= 1;
    this.#dyingBytes -= costOf(state);
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#events.onRoom();
  }
}

function costOf({ unreadBytes, unreadFrames }: HostStream): number {
  return unreadBytes + unreadFrames * FRAME_COST_BYTES;
}
