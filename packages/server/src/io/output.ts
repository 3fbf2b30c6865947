import { FRAME_HEADER_LENGTH } from "@kloset/wire/http2";
import type { Channel } from "./channel.js";
import { CONTROL_ROOM_BYTES, MAX_WAITING_CONTROL_FRAMES, OUTPUT_BYTES } from "../limits.js";

/**
 * Collects frames and sends them together, once per turn of the event loop, because
 * wake-ups are the main cost of a pipe. One buffer is filled while the other is being
 * written; frames that do not fit wait for the host, which is the back-pressure.
 */
export class Output {
  readonly #channel: Channel;
  readonly #onRoom: () => void;
  #filling = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  /** The other buffer, to be filled next; it holds the bytes that are being sent. */
  #other = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  #length = 0;
  #flushes = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;
  /** Frames of a fixed size that did not fit. */
  readonly #control: Uint8Array[] = [];
  readonly #onWritten = (): void => {
    this.#isWriting = false;
    if (this.#isClosed) return;
    this.#takeControl();
    this.#onRoom();
    // Flush now: half-full buffers should not wait another turn.
    if (this.#length > this.#channel.contentBytes / 2) this.flush();
    else if (this.#length > 0) this.#schedule();
  };
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** @param onRoom - Called when there is room again. */
  constructor(channel: Channel, onRoom: () => void) {
    this.#channel = channel;
    this.#onRoom = onRoom;
  }

  /** The memory to write to, from {@link Output.length} on. Changes with each flush. */
  get buffer(): Buffer {
    return this.#filling;
  }

  /** The number of bytes in the buffer. */
  get length(): number {
    return this.#length;
  }

  /** The number of flushes so far: the buffer keeps its content until this changes. */
  get flushes(): number {
    return this.#flushes;
  }

  /** The number of content bytes that fit now. */
  get contentRoom(): number {
    return Math.max(0, this.#channel.contentBytes - this.#length);
  }

  /** The number of bytes that fit now of header blocks, which cannot be split. */
  get headerRoom(): number {
    return Math.max(0, OUTPUT_BYTES - CONTROL_ROOM_BYTES - this.#length);
  }

  /** True while bytes wait for the host to read. */
  get isStuck(): boolean {
    return this.#isWriting;
  }

  /** True while so much waits that reading from the host must stop. */
  get isCrowded(): boolean {
    return this.#control.length >= MAX_WAITING_CONTROL_FRAMES;
  }

  /** Adds bytes that the caller has written to the buffer. */
  advance(bytes: number): void {
    this.#length += bytes;
    if (this.contentRoom <= FRAME_HEADER_LENGTH && !this.#isWriting) this.flush();
    else this.#schedule();
  }

  /** Sends a whole frame of a fixed size. A frame that does not fit is queued ahead of everything else. */
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

  /** Sends the buffer; if the other one is still being sent, once that has finished. */
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

  /** Stops sending. */
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
