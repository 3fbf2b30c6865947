import { FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { settingsIn, streamOf } from "./frames.js";

/** RFC 9113, section 6.9.1. */
const MAX_WINDOW = 0x7fff_ffff;
const INITIAL_WINDOW = 65_535;
/** SETTINGS_INITIAL_WINDOW_SIZE. */
const INITIAL_WINDOW_SIZE = 4;

/** Returns true if a stream receives a WINDOW_UPDATE of 0. */
export function hasEmptyUpdate(frames: readonly Buffer[]): boolean {
  return frames.some((one) => streamOf(one) !== 0 && incrementOf(one) === 0);
}

/**
 * Returns true if WINDOW_UPDATE may make the window of a stream (not of the connection) too
 * large. Ignores data that was sent meanwhile.
 *
 * @param initial - The largest initial window of streams, besides those in the frames.
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

/** Returns the increment of a WINDOW_UPDATE; undefined for other frames. */
function incrementOf(one: Buffer): number | undefined {
  if (one[3] !== frameType.windowUpdate || one.length !== FRAME_HEADER_LENGTH + 4) return undefined;
  return one.readUInt32BE(FRAME_HEADER_LENGTH) & MAX_WINDOW;
}

/** Returns the initial windows in a SETTINGS frame. Ignores ones that are too large: they end the connection. */
function initialWindows(one: Buffer): number[] {
  return settingsIn(one).flatMap(([id, value]) => (id === INITIAL_WINDOW_SIZE && value <= MAX_WINDOW ? [value] : []));
}
