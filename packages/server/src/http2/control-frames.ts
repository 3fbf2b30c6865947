import { frameFlag, FRAME_HEADER_LENGTH, frameType, writeFrameHeader, writeUint32 } from "@kloset/wire/http2";
import { floodError } from "./errors.js";
import { MAX_WAITING_ANSWERS } from "../limits.js";
import type { Output } from "../io/output.js";

const nothing = new Uint8Array(0);

/** Sends the frames that carry no content of streams; all but header blocks are of a fixed size. */
export class ControlFrames {
  readonly #output: Output;
  /** What the host has asked for and has not been written yet. */
  #waitingAnswers = 0;
  /** Resets among what has not been written yet that answer frames of streams that are closed. */
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

  /** WINDOW_UPDATE (RFC 9113, section 6.9). @param stream - 0 for the connection. */
  windowUpdate(stream: number, increment: number): void {
    this.#sendNumber(frameType.windowUpdate, stream, increment);
  }

  /** RST_STREAM (RFC 9113, section 6.4). Each is for a stream that was open, or one of a bounded number. */
  reset(stream: number, code: number): void {
    this.#sendNumber(frameType.rstStream, stream, code);
  }

  /**
   * RST_STREAM in answer to what a host can send without end: only as often as the host reads.
   *
   * @returns whether it is sent.
   */
  resetInAnswer(stream: number, code: number): boolean {
    if (this.#waitingResets >= MAX_WAITING_ANSWERS) return false;
    this.#waitingResets += 1;
    this.reset(stream, code);
    return true;
  }

  /** What waited has been written. */
  written(): void {
    this.#waitingAnswers = 0;
    this.#waitingResets = 0;
  }

  #countAnswer(): void {
    this.#waitingAnswers += 1;
    if (this.#waitingAnswers > MAX_WAITING_ANSWERS)
      throw floodError("Flooding was detected: answers that nobody reads");
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
