import { FRAME_HEADER_LENGTH } from "@kloset/wire/http2";
import type { Channel } from "./channel.js";
import { CONTENT_BYTES, CONTROL_ROOM_BYTES, MAX_WAITING_CONTROL_FRAMES, OUTPUT_BYTES } from "../limits.js";

/**
 * Collects frames and sends them together, once in a turn of the event loop, as
 * wake-ups are what a pipe costs. One buffer is filled while the other is being
 * written; what does not fit waits for the host: that is the backpressure.
 */
export class Output {
  readonly #channel: Channel;
  readonly #onRoom: () => void;
  #filling = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  /** Filled next; while something is being sent, that is this one's content. */
  #other = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  #length = 0;
  #flushes = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;
  /** Frames of a fixed size that found no room. */
  readonly #control: Uint8Array[] = [];
  readonly #onWritten = (): void => {
    this.#isWriting = false;
    if (this.#isClosed) return;
    this.#takeControl();
    this.#onRoom();
    // What the room was taken for has waited long enough.
    if (this.#length > CONTENT_BYTES / 2) this.flush();
    else if (this.#length > 0) this.#schedule();
  };
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** @param onRoom - Told when there is room again. */
  constructor(channel: Channel, onRoom: () => void) {
    this.#channel = channel;
    this.#onRoom = onRoom;
  }

  /** The memory to write to, from {@link Output.length} on. Changes with each flush. */
  get buffer(): Buffer {
    return this.#filling;
  }

  /** The bytes that are in the buffer. */
  get length(): number {
    return this.#length;
  }

  /** How often the buffer has been sent: what stands in it is there until that changes. */
  get flushes(): number {
    return this.#flushes;
  }

  /** How many bytes of content fit now. */
  get contentRoom(): number {
    return Math.max(0, CONTENT_BYTES - this.#length);
  }

  /** How many bytes of header blocks fit now, which can not be sent in parts. */
  get headerRoom(): number {
    return Math.max(0, OUTPUT_BYTES - CONTROL_ROOM_BYTES - this.#length);
  }

  /** Whether something waits until the host has read. */
  get isStuck(): boolean {
    return this.#isWriting;
  }

  /** Whether so much waits that the host must not be read on. */
  get isCrowded(): boolean {
    return this.#control.length >= MAX_WAITING_CONTROL_FRAMES;
  }

  /** Takes bytes that were written to the buffer. */
  advance(bytes: number): void {
    this.#length += bytes;
    if (this.contentRoom <= FRAME_HEADER_LENGTH && !this.#isWriting) this.flush();
    else this.#schedule();
  }

  /** Sends a whole frame of a fixed size. Never refused: what finds no room waits before everything else. */
  control(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#control.length > 0 || this.#length + frame.length > OUTPUT_BYTES) {
      this.#control.push(frame);
      return;
    }
    this.#filling.set(frame, this.#length);
    this.#length += frame.length;
    this.#schedule();
  }

  /** Sends what there is, unless something is still being sent: then that is followed by it. */
  flush(): void {
    if (this.#isWriting || this.#length === 0 || this.#isClosed) return;
    const full = this.#filling;
    const bytes = full.subarray(0, this.#length);
    this.#filling = this.#other;
    this.#other = full;
    this.#length = 0;
    this.#flushes += 1;
    this.#isWriting = true;
    this.#takeControl();
    this.#channel.write(bytes, this.#onWritten);
  }

  /** Nothing more is sent. */
  close(): void {
    this.#isClosed = true;
    this.#control.length = 0;
  }

  #takeControl(): void {
    let taken = 0;
    for (const frame of this.#control) {
      if (this.#length + frame.length > OUTPUT_BYTES) break;
      this.#filling.set(frame, this.#length);
      this.#length += frame.length;
      taken += 1;
    }
    if (taken > 0) this.#control.splice(0, taken);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }
}
