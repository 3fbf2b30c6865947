/**
 * The limits on what one host can make a plugin hold. Each is far above the needs of Plakar, which reads and writes at
 * most a few dozen files at once.
 *
 * @module
 */

const MiB = 1024 * 1024;

/** Concurrent calls. SETTINGS announce the limit, so hosts queue further calls. Calls beyond it are refused. */
export const MAX_CONCURRENT_STREAMS = 1024;

/**
 * Bytes that a host may send to one call before the call reads them. No pipe has more than this in flight. For all
 * calls together, {@link MAX_UNREAD_BYTES} applies.
 */
export const STREAM_WINDOW_BYTES = MiB;

/** Bytes that a host may send to all calls together before they read them. */
export const CONNECTION_WINDOW_BYTES = 16 * MiB;

/**
 * Bytes that have arrived for all calls together and are not consumed yet. Beyond this limit, the call with the most
 * of them is reset. Flow control alone would allow 5 MiB (a window and an incomplete message) for each of 1,024 calls.
 * About 46 stalled calls with 2 MiB each (a message of 1 MiB and a window behind it) stay within the limit, or 90 that
 * have taken nothing yet, with a window each.
 */
export const MAX_UNREAD_BYTES = 96 * MiB;

/** Per-frame overhead in bytes, so that many tiny frames also count against the limits. */
export const FRAME_COST_BYTES = 512;

/** The number of unread frames from which on each is copied: see `FrameFilterOptions.isolatesData`. */
export const MAX_SHARED_FRAMES = 256;

/** Calls that have ended but whose reset is not sent yet. Beyond this limit, input is paused until the host reads. */
export const MAX_DYING_STREAMS = 256;

/** The unread bytes of such calls, with the same effect. */
export const MAX_DYING_BYTES = 16 * MiB;

/** Bytes of responses that wait for a host that does not read. Beyond this limit, no more are made until it reads. */
export const MAX_BACKLOG_BYTES = 64 * MiB;

/** The largest frame, in bytes: HTTP/2's default, which the plugin's SETTINGS do not change. */
export const MAX_FRAME_BYTES = 16_384;

/** The number of characters of a host's input that an error text repeats at most. */
export const MAX_QUOTED_LENGTH = 256;
