/**
 * What one host may make a plugin hold. Every bound is far above what Plakar
 * needs: it reads and writes at most a few dozen files at once.
 *
 * @module
 */

const MiB = 1024 * 1024;

/** Calls at once. Hosts are told, and let further calls wait; a host that does not is refused call by call. */
export const MAX_CONCURRENT_STREAMS = 1024;

/**
 * What a host may send to one call before that reads it. More than this is in
 * flight on no pipe; and at most {@link MAX_UNREAD_BYTES} of it can come together.
 */
export const STREAM_WINDOW_BYTES = MiB;

/** What a host may send to all calls together before they read it. */
export const CONNECTION_WINDOW_BYTES = 16 * MiB;

/**
 * Bytes that have come for all calls together and that nobody has done with:
 * beyond it the call with the most of them is reset. Flow control alone would
 * allow 5 MiB (a window, and a message that is not whole) for each of 1,024
 * calls. Some 46 calls that all stand still with 2 MiB each, a message of 1 MiB
 * and a window behind it, are within.
 */
export const MAX_UNREAD_BYTES = 96 * MiB;

/** What a piece of data in memory costs beside its bytes: one byte for each frame must not be free. */
export const FRAME_COST_BYTES = 512;

/** From this many unread frames on each is kept in memory of its own: see `FrameFilterOptions.isolatesData`. */
export const MAX_SHARED_FRAMES = 256;

/** Calls that are over but still wait for their reset to go out: beyond it the host is read no further until it reads. */
export const MAX_DYING_STREAMS = 256;

/** The same, by the unread bytes that they hold. */
export const MAX_DYING_BYTES = 16 * MiB;

/** Bytes of answers that wait for a host that does not read: beyond it no more are made until it does. */
export const MAX_BACKLOG_BYTES = 64 * MiB;

/** The largest frame, in bytes: the default of HTTP/2, which hosts are not told otherwise. */
export const MAX_FRAME_BYTES = 16_384;

/** The longest part of what a host has sent that a text repeats, in characters. */
export const MAX_QUOTED_LENGTH = 256;
