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
 * The reason for terminating a stream:
 * - `reset`: the host has reset it.
 * - `refused`: it exceeds the number of streams that the host may open.
 * - `overloaded`: it holds too much unread data.
 */
export type Termination = "reset" | "refused" | "overloaded";

interface HostStream {
  hostEnded: boolean;
  pluginEnded: boolean;
  termination: Termination | undefined;
  unreadBytes: number;
  unreadFrames: number;
}

/** Callbacks of {@link HostStreams}. */
export interface HostStreamsEvents {
  /** Called when a stream must be terminated. The session may not have announced it yet. */
  readonly onTermination: (stream: number, termination: Termination) => void;
  /** Called when {@link HostStreams.isFull} becomes false. */
  readonly onRoom: () => void;
}

/**
 * Counts the streams of a connection and their unread data by observing its frames.
 *
 * nghttp2 has a stream limit too, but ends the whole connection when it is exceeded. It also counts a stream that the
 * host has reset until its own reset has been sent, so a host that cancels and opens calls faster than that seems to
 * violate the limit. Therefore nghttp2 does not know the limit that is sent to the host, and this class enforces it.
 */
export class HostStreams {
  readonly #events: HostStreamsEvents;
  readonly #streams = new Map<number, HostStream>();
  #lastStream = 0;
  #dying = 0;
  #dyingBytes = 0;
  /** Excludes dying streams: those that are terminated, but whose reset has not been sent. */
  #unreadBytes = 0;
  #unreadFrames = 0;
  #wasFull = false;

  constructor(events: HostStreamsEvents) {
    this.#events = events;
  }

  /** True while reading from the host must pause: it causes terminations faster than it reads their resets. */
  get isFull(): boolean {
    return this.#dying >= MAX_DYING_STREAMS || this.#dyingBytes >= MAX_DYING_BYTES;
  }

  /** True while so many frames are unread that each must be passed on separately. */
  get isCrowded(): boolean {
    return this.#unreadFrames >= MAX_SHARED_FRAMES;
  }

  /** Returns the reason for terminating a stream; undefined if the stream may proceed. */
  terminationOf(id: number): Termination | undefined {
    return this.#streams.get(id)?.termination;
  }

  /**
   * Records a frame sent by the host.
   *
   * @throws HostProtocolError if the frame is too large, resets a stream that was never opened, or is a RST_STREAM of
   *   the wrong length.
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

  /** Records a frame sent by the plugin. */
  sent({ type, flags, stream }: FrameHeader): void {
    const state = this.#streams.get(stream);
    if (state === undefined) return;
    if (type === frameType.rstStream) this.#remove(stream, state);
    else if ((type === frameType.headers || type === frameType.data) && (flags & frameFlag.endStream) !== 0) {
      state.pluginEnded = true;
      if (state.hostEnded) this.#remove(stream, state);
    }
  }

  /** Records that a call has read from its stream. */
  read(id: number, bytes: number): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.termination !== undefined || state.unreadBytes === 0) return;
    // Frame sizes are not stored: assume that a read takes a proportional share of the frames.
    const share = Math.min(1, bytes / state.unreadBytes);
    const frames = Math.ceil(state.unreadFrames * share);
    const length = Math.min(bytes, state.unreadBytes);
    state.unreadBytes -= length;
    state.unreadFrames -= frames;
    this.#unreadBytes -= length;
    this.#unreadFrames -= frames;
  }

  #opened(id: number): void {
    // Trailers, or an invalid stream id, which nghttp2 rejects.
    if (id <= this.#lastStream) return;
    this.#lastStream = id;
    this.#streams.set(id, {
      hostEnded: false,
      pluginEnded: false,
      termination: undefined,
      unreadBytes: 0,
      unreadFrames: 0,
    });
    if (this.#streams.size - this.#dying > MAX_CONCURRENT_STREAMS) this.#end(id, "refused");
  }

  #arrived(id: number, length: number): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.termination !== undefined) return;
    state.unreadBytes += length;
    state.unreadFrames += 1;
    this.#unreadBytes += length;
    this.#unreadFrames += 1;
    if (this.#unreadBytes + this.#unreadFrames * FRAME_COST_BYTES > MAX_UNREAD_BYTES)
      this.#end(this.#fullest(), "overloaded");
  }

  #reset(id: number, length: number): void {
    if (length !== 4) throw new HostProtocolError(`the host sent a RST_STREAM frame of ${length} bytes; it has 4`);
    // Even ids belong to the server, which opens no streams.
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
      if (state.termination !== undefined || cost <= most) continue;
      fullest = id;
      most = cost;
    }
    return fullest;
  }

  #end(id: number, termination: Termination): void {
    const state = this.#streams.get(id);
    if (state === undefined || state.termination !== undefined) return;
    state.termination = termination;
    this.#dying += 1;
    this.#dyingBytes += costOf(state);
    this.#unreadBytes -= state.unreadBytes;
    this.#unreadFrames -= state.unreadFrames;
    this.#wasFull ||= this.isFull;
    this.#events.onTermination(id, termination);
  }

  #remove(id: number, state: HostStream): void {
    this.#streams.delete(id);
    if (state.termination === undefined) {
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
