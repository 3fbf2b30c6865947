import { frameFlag, FRAME_HEADER_LENGTH, frameType, writeFrameHeader, writeUint32 } from "@kloset/wire/http2";
import { floodError } from "./errors.js";
import { MAX_WAITING_ANSWERS } from "../limits.js";
import type { Output } from "../io/output.js";

const nothing = new Uint8Array(0);

/** Sends frames of a fixed size, which carry neither content nor headers. */
export class ControlFrames {
  readonly #output: Output;
  /** Answers to the host that have not been written yet. */
  #waitingAnswers = 0;
  /** Unwritten resets that answer frames on closed streams. */
  #waitingResets = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** @throws HostProtocolError when too many answers wait. */
  acknowledgeSettings(): void {
    this.#countAnswer();
    this.#send(frameType.settings, frameFlag.ack, 0, nothing);
  }

  /** Sends a PING back (RFC 9113, section 6.7). @throws HostProtocolError when too many answers wait. */
  acknowledgePing(payload: Uint8Array): void {
    this.#countAnswer();
    this.#send(frameType.ping, frameFlag.ack, 0, payload);
  }

  /** Sends WINDOW_UPDATE (RFC 9113, section 6.9). @param stream - 0 for the connection. */
  windowUpdate(stream: number, increment: number): void {
    this.#sendNumber(frameType.windowUpdate, stream, increment);
  }

  /** Sends RST_STREAM (RFC 9113, section 6.4). The number is bounded: by the streams that were open, or by a limit. */
  reset(stream: number, code: number): void {
    this.#sendNumber(frameType.rstStream, stream, code);
  }

  /**
   * Sends RST_STREAM in answer to a frame that a host can repeat endlessly: only as often as the host reads.
   *
   * @returns whether it was sent.
   */
  resetInAnswer(stream: number, code: number): boolean {
    if (this.#waitingResets >= MAX_WAITING_ANSWERS) return false;
    this.#waitingResets += 1;
    this.reset(stream, code);
    return true;
  }

  /** Resets the counts: all waiting frames have been written. */
  written(): void {
    this.#waitingAnswers = 0;
    this.#waitingResets = 0;
  }

  #countAnswer(): void {
    this.#waitingAnswers += 1;
    if (this.#waitingAnswers > MAX_WAITING_ANSWERS)
      throw floodError("Flooding was detected: answers that the host does not read");
  }

  #sendNumber(type: number, stream: number, value: number): void {
    const payload = new Uint8Array(4);
    writeUint32(payload, 0, value);
    this.#send(type, 0, stream, payload);
  }

  #send(type: number, flags: number, stream: number, payload: Uint8Array): void {
    const frame = new Uint8Array(FRAME_HEADER_LENGTH + payload.length);
    writeFrameHeader(frame, 0, payload.length, type, flags, stream);
    frame.set(payload, FRAME_HEADER_LENGTH);
    this.#output.control(frame);
  }
}
