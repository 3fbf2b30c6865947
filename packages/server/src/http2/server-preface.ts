import {
  CONNECTION_WINDOW_BYTES,
  FRAME_HEADER_LENGTH,
  frameType,
  INITIAL_WINDOW,
  MAX_CONCURRENT_STREAMS,
  setting,
  STREAM_WINDOW_BYTES,
  writeFrameHeader,
  writeUint32,
} from "@kloset/wire/http2";
import type { Channel } from "../io/channel.js";
import { MAX_HEADER_LIST_BYTES } from "../limits.js";
import { SETTING_LENGTH } from "./settings.js";

/** RFC 9113, section 6.5.2; omitted settings keep their defaults. */
const entries: readonly (readonly [id: number, value: number])[] = [
  [setting.maxConcurrentStreams, MAX_CONCURRENT_STREAMS],
  [setting.initialWindowSize, STREAM_WINDOW_BYTES],
  [setting.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
];

/**
 * Sends the server's preface (RFC 9113, section 3.4), and enlarges the connection's
 * window, which starts at 65,535 bytes regardless of SETTINGS (section 6.9.2).
 *
 * The host waits for the preface before its first call, and the preface depends on no
 * input. Sent first, it gives the plugin time to load the rest.
 */
export function sendServerPreface(channel: Pick<Channel, "write">): void {
  channel.write(serverPreface(), ignore);
}

function serverPreface(): Uint8Array {
  const settingsLength = entries.length * SETTING_LENGTH;
  const bytes = new Uint8Array(FRAME_HEADER_LENGTH + settingsLength + FRAME_HEADER_LENGTH + 4);
  writeFrameHeader(bytes, 0, settingsLength, frameType.settings, 0, 0);
  let at = FRAME_HEADER_LENGTH;
  for (const [id, value] of entries) {
    bytes[at + 1] = id;
    writeUint32(bytes, at + 2, value);
    at += SETTING_LENGTH;
  }
  writeFrameHeader(bytes, at, 4, frameType.windowUpdate, 0, 0);
  writeUint32(bytes, at + FRAME_HEADER_LENGTH, CONNECTION_WINDOW_BYTES - INITIAL_WINDOW);
  return bytes;
}

function ignore(): void {
  // Intentionally empty: nothing waits for the preface.
}
