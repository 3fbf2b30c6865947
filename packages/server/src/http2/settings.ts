import { brokenProtocol, errorCode, frameFlag, readUint32, setting } from "@kloset/wire/http2";
import type { ControlFrames } from "./control-frames.js";
import { floodError } from "./errors.js";
import type { SendFlow } from "./flow-control.js";
import type { FrameHeader } from "./frame-reader.js";
import { MAX_SETTINGS } from "../limits.js";

/** An entry of SETTINGS: an identifier of two bytes, and a value of four. */
export const SETTING_LENGTH = 6;

/** Handles the host's SETTINGS, and its acknowledgement of the server's (RFC 9113, section 6.5). */
export class Settings {
  readonly #control: ControlFrames;
  readonly #flow: SendFlow;
  #isAcknowledged = false;

  constructor(control: ControlFrames, flow: SendFlow) {
    this.#control = control;
    this.#flow = flow;
  }

  /** @throws HostProtocolError when the frame is malformed or exceeds a limit. */
  receive({ stream, flags, length }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    if (stream !== 0) throw brokenProtocol(errorCode.protocolError, "SETTINGS on a stream");
    if ((flags & frameFlag.ack) !== 0) {
      this.#acknowledged(length);
      return;
    }
    if (length % SETTING_LENGTH !== 0) throw brokenProtocol(errorCode.frameSizeError, "SETTINGS with half an entry");
    if (length > MAX_SETTINGS * SETTING_LENGTH) throw floodError("SETTINGS: too many setting entries");
    // In order (RFC 9113, section 6.5.3).
    for (let at = start; at < end; at += SETTING_LENGTH) {
      this.#apply(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), readUint32(bytes, at + 2));
    }
    this.#control.acknowledgeSettings();
  }

  #acknowledged(length: number): void {
    if (length !== 0) throw brokenProtocol(errorCode.frameSizeError, "an acknowledgement of SETTINGS with content");
    if (this.#isAcknowledged)
      throw brokenProtocol(errorCode.protocolError, "an acknowledgement of SETTINGS that were not sent");
    this.#isAcknowledged = true;
  }

  /**
   * Applies a setting (RFC 9113, section 6.5.2). Settings without a case need no action: the
   * encoder uses no table (see `sendHeaders`), nothing is pushed, frames have the smallest
   * size that every host accepts, and header blocks are short. Unknown settings are ignored.
   */
  #apply(id: number, value: number): void {
    if (id === setting.initialWindowSize) this.#flow.changeInitial(value);
    else if (id === setting.enablePush && value > 1)
      throw brokenProtocol(errorCode.protocolError, "ENABLE_PUSH is 0 or 1");
    else if (id === setting.maxFrameSize && (value < 16_384 || value > 0xff_ffff)) {
      throw brokenProtocol(errorCode.protocolError, `MAX_FRAME_SIZE of ${value}`);
    }
  }
}
