import { FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { settingsIn, streamOf } from "./frames.js";

/** RFC 9113, section 6.9.1. */
const MAX_WINDOW = 0x7fff_ffff;
const INITIAL_WINDOW = 65_535;
/** SETTINGS_INITIAL_WINDOW_SIZE. */
const INITIAL_WINDOW_SIZE = 4;

/** Whether a WINDOW_UPDATE of 0 comes on a stream. */
export function hasEmptyUpdate(frames: readonly Buffer[]): boolean {
  return frames.some((one) => streamOf(one) !== 0 && incrementOf(one) === 0);
}

/**
 * Whether the window of a stream, not of the connection, may become too large
 * by WINDOW_UPDATE: what was used of it meanwhile is not looked at.
 *
 * @param initial - The largest window that streams begin with, besides what the frames say.
 */
export function overflowsStream(frames: readonly Buffer[], initial: number): boolean {
  const largest = Math.max(initial, INITIAL_WINDOW, ...frames.flatMap(initialWindows));
  const windows = new Map<number, number>();
  return frames.some((one) => {
    const [stream, increment] = [streamOf(one), incrementOf(one)];
    if (stream === 0 || increment === undefined) return false;
    const window = (windows.get(stream) ?? largest) + increment;
    windows.set(stream, window);
    return window > MAX_WINDOW;
  });
}

/** What a frame adds to a window; undefined when it is no WINDOW_UPDATE. */
function incrementOf(one: Buffer): number | undefined {
  if (one[3] !== frameType.windowUpdate || one.length !== FRAME_HEADER_LENGTH + 4) return undefined;
  return one.readUInt32BE(FRAME_HEADER_LENGTH) & MAX_WINDOW;
}

/** The windows that a SETTINGS frame names; none in others. One that is too large ends the connection anyway. */
function initialWindows(one: Buffer): number[] {
  return settingsIn(one).flatMap(([id, value]) => (id === INITIAL_WINDOW_SIZE && value <= MAX_WINDOW ? [value] : []));
}
