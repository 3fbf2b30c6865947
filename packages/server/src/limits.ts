/**
 * Limits of this server; the limits shared by all servers are in `@kloset/wire/http2`.
 *
 * @module
 */
import { FRAME_HEADER_LENGTH, STREAM_WINDOW_BYTES } from "@kloset/wire/http2";

const KiB = 1024;
const MiB = 1024 * KiB;

/** A stream's window is updated once this many bytes can be credited: one update for many frames. */
export const STREAM_CREDIT_BYTES = STREAM_WINDOW_BYTES / 4;

/** The same for the connection's window. */
export const CONNECTION_CREDIT_BYTES = MiB;

/** While messages of more than this many bytes wait for a call that does not read, its window stops growing. */
export const MAX_WAITING_BYTES = 256 * KiB;

/** Calls that may begin in one turn of the event loop: the size of their answers decides when others begin. */
export const MAX_BEGUN_AT_ONCE = 32;

/** The largest frame that is sent, even if the host allows more: smaller frames share the connection better. */
export const MAX_SENT_FRAME_BYTES = 16_384;

/** Size of the input buffer. */
export const INPUT_BYTES = 256 * KiB;

/** Size of one of the two output buffers. A header block has to fit. */
export const OUTPUT_BYTES = 128 * KiB;

/** Room in an output buffer that is reserved for frames of a fixed size. */
export const CONTROL_ROOM_BYTES = 32 * KiB;

/**
 * The most content that is added to an output buffer: two full frames, which is half the
 * capacity of a pipe (64 KiB) and the size of a host's read. With more, each read of the
 * host would wake the plugin for a refill: large content was 10 % slower.
 */
export const CONTENT_BYTES = 2 * (FRAME_HEADER_LENGTH + MAX_SENT_FRAME_BYTES);

/** The most content that is added for a large pipe: up to 5 % faster than two frames, and as fast as six. */
export const LARGE_CONTENT_BYTES = 5 * (FRAME_HEADER_LENGTH + MAX_SENT_FRAME_BYTES);

/**
 * The capacity of a large pipe. By default, the kernel allows all programs of an ordinary
 * user together 64 MiB of pipes, which is enough for 64 plugins with two of them.
 */
export const LARGE_PIPE_BYTES = 512 * KiB;

/** A pipe that has carried this many bytes is enlarged: loading the library for that takes a millisecond. */
export const BYTES_BEFORE_LARGE_PIPE = MiB;

/** Writes of at most this many bytes are tried without a socket. */
export const MAX_DIRECT_BYTES = 16 * KiB;

/** Answers to PING and SETTINGS that may wait to be written; more are treated as a flood. */
export const MAX_WAITING_ANSWERS = 1000;

/** Resets and window updates that may wait for room in the output; beyond it, reading stops until the host reads. */
export const MAX_WAITING_CONTROL_FRAMES = 1000;

/** Empty DATA frames and malformed requests that a connection may send, in addition to one per call. */
export const MAX_INVALID_FRAMES = 1000;

/** Entries of one SETTINGS frame, as in nghttp2: each can change the windows of all streams. */
export const MAX_SETTINGS = 32;

/** The size of a header block before decoding. */
export const MAX_HEADER_BLOCK_BYTES = 64 * KiB;

/** CONTINUATION frames after one HEADERS frame; 64 KiB need 4. */
export const MAX_CONTINUATIONS = 8;

/** The size of a header list (RFC 9113, section 6.5.2) after decoding. */
export const MAX_HEADER_LIST_BYTES = 64 * KiB;

/** Number of fields in one header list. */
export const MAX_HEADER_FIELDS = 256;

/** Size of the HPACK table (RFC 7541, section 4.2): the default, which SETTINGS leave unchanged. */
export const HEADER_TABLE_BYTES = 4096;

/** Streams reset by this side that are remembered, so that their frames in flight are dropped. */
export const MAX_RESET_STREAMS = 1024;
