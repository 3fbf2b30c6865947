/**
 * Bounds of this server alone; those of every server are in `@kloset/wire/http2`.
 *
 * @module
 */
import { FRAME_HEADER_LENGTH, STREAM_WINDOW_BYTES } from "@kloset/wire/http2";

const KiB = 1024;
const MiB = 1024 * KiB;

/** A window grows when so much of it can: one update for many frames. */
export const STREAM_CREDIT_BYTES = STREAM_WINDOW_BYTES / 4;

/** The same for the connection's window. */
export const CONNECTION_CREDIT_BYTES = MiB;

/** While messages of more bytes wait for a call that does not read, its window grows no more. */
export const MAX_WAITING_BYTES = 256 * KiB;

/** Calls that begin in one turn of the event loop: what they answer has to be seen before others begin. */
export const MAX_BEGUN_AT_ONCE = 32;

/** The largest frame that is sent, whatever the host allows: smaller ones share the connection better. */
export const MAX_SENT_FRAME_BYTES = 16_384;

/** The buffer of input. */
export const INPUT_BYTES = 256 * KiB;

/** One buffer of output; there are two. A header block has to fit. */
export const OUTPUT_BYTES = 128 * KiB;

/** Room in an output buffer that only frames of a fixed size may take. */
export const CONTROL_ROOM_BYTES = 32 * KiB;

/**
 * Content is added to a buffer of output up to this: two full frames, half of what a
 * pipe holds (64 KiB), and what hosts read at once. Of more, each read of the host's
 * would wake us to fill up what it has just read: large content was a tenth slower.
 */
export const CONTENT_BYTES = 2 * (FRAME_HEADER_LENGTH + MAX_SENT_FRAME_BYTES);

/** Writes of no more bytes than these are tried without a socket. */
export const MAX_DIRECT_BYTES = 16 * KiB;

/** Answers to PINGs and SETTINGS that wait to be written: beyond it, it is a flood. */
export const MAX_WAITING_ANSWERS = 1000;

/** Resets and window updates that wait beyond the output's room: from here on the host is read no further until it reads. */
export const MAX_WAITING_CONTROL_FRAMES = 1000;

/** DATA frames without data, and requests that are no HTTP/2, that one connection may send beyond one for each of its calls. */
export const MAX_INVALID_FRAMES = 1000;

/** Entries of one SETTINGS frame, as nghttp2 has it: each can change the windows of all streams. */
export const MAX_SETTINGS = 32;

/** The bytes of a header block before it is decoded. */
export const MAX_HEADER_BLOCK_BYTES = 64 * KiB;

/** CONTINUATION frames behind one HEADERS frame: 64 KiB are 4 of them. */
export const MAX_CONTINUATIONS = 8;

/** The size of a header list (RFC 9113, section 6.5.2), after it is decoded. */
export const MAX_HEADER_LIST_BYTES = 64 * KiB;

/** Fields of one header list. */
export const MAX_HEADER_FIELDS = 256;

/** HPACK's table (RFC 7541, section 4.2): the default, hosts are not told otherwise. */
export const HEADER_TABLE_BYTES = 4096;

/** Streams that this side has reset and whose frames, still under way, are dropped. */
export const MAX_RESET_STREAMS = 1024;
