import type { Settings } from "node:http2";
import { constants } from "./node-http2.js";
import type { Duplex } from "node:stream";
import { Backlog } from "./backlog.js";
import { joinDuplex } from "@kloset/process";
import { FrameFilter, type FrameHeader } from "./frame-filter.js";
import {
  frameFlag,
  frameType,
  preface,
  brokenProtocol,
  CONNECTION_WINDOW_BYTES,
  MAX_CONCURRENT_STREAMS,
  MAX_QUOTED_LENGTH,
  STREAM_WINDOW_BYTES,
} from "@kloset/wire/http2";
import { HostStreams, type Termination } from "./host-streams.js";

/** Options of the HTTP/2 session. {@link openFilteredConnection} enforces further limits. */
export const sessionOptions: { settings: Settings; maxSessionMemory: number } = {
  settings: { initialWindowSize: STREAM_WINDOW_BYTES },
  // In megabytes. The default of 10 refuses streams as soon as a few of them hold 1 MiB each. The limits of
  // @kloset/wire/http2 bound the memory instead.
  maxSessionMemory: 4096,
};

/** The connection's flow-control window, which is not part of the settings. */
export { CONNECTION_WINDOW_BYTES };

/** The connection after filtering, as nghttp2 sees it. */
export interface FilteredConnection {
  readonly duplex: Duplex;
  readonly streams: HostStreams;
  readonly backlog: Backlog;
}

/**
 * Inserts a filter between a connection and nghttp2.
 *
 * Frames that are dropped:
 * - GOAWAY to the host: Plakar 1.1.4 hangs on it and ignores SIGTERM, and nghttp2 and Node send it in more places than
 *   can be disabled. nghttp2 sends one when the host violates the protocol, and then waits for the host to disconnect,
 *   so the filter ends the connection.
 * - GOAWAY from the host: it only announces that the host is about to disconnect. nghttp2 mistakes that of grpc-go,
 *   whose last stream id is odd, for a protocol error and aborts running calls; Node replies with a GOAWAY of its own.
 * - RST_STREAM from the host: nghttp2 gives up the connection after some 1,000 of them (33 per second are free), and
 *   Node 20 has no option for that. They are passed to `onTermination`.
 * - PRIORITY and unknown types from the host: they have no effect here, and newer versions of nghttp2 count them as
 *   suspicious.
 * - The first SETTINGS to the host, which is replaced by one that adds the maximum number of streams: see
 *   {@link HostStreams}.
 *
 * The duplex is destroyed with a `HostProtocolError` if the host violates the protocol.
 */
export function openFilteredConnection(
  connection: Duplex,
  onTermination: (stream: number, termination: Termination) => void,
): FilteredConnection {
  let resume: () => void = ignore;
  const streams = new HostStreams({
    onTermination,
    onRoom: () => {
      resume();
    },
  });
  // A frame within a header block violates HTTP/2 (RFC 9113, section 6.10), so it must reach nghttp2 whatever its type.
  let blockIsOpen = false;
  const inbound = new FrameFilter({
    preface,
    drops: (frame) => {
      streams.received(frame);
      const interrupts = blockIsOpen;
      blockIsOpen = isUnendedBlock(frame);
      return isDropped(frame) && !interrupts;
    },
    isolatesData: () => streams.isCrowded,
  });
  let hasSettings = false;
  const outbound = new FrameFilter({
    drops: (frame) => {
      streams.sent(frame);
      if (frame.type === frameType.goaway) return true;
      if (hasSettings || !isSettings(frame)) return false;
      return (hasSettings = true);
    },
    onDropped: ({ type }, payload) => {
      if (type === frameType.settings) return settingsWithLimit(payload);
      const code = payload.readUInt32BE(4);
      if (code === constants.NGHTTP2_NO_ERROR) return undefined;
      const detail = payload.toString("latin1", 8, 8 + MAX_QUOTED_LENGTH);
      const error = brokenProtocol(code, detail);
      // Deferred: Node may be ending the session with a more precise error.
      setImmediate(() => duplex.destroy(error));
      return undefined;
    },
  });
  const duplex = joinDuplex(connection, connection, {
    inbound: (chunk) => inbound.filter(chunk),
    outbound: (chunk) => outbound.filter(chunk),
    onWritten: () => {
      backlog.recheck();
    },
    holdsInput: () => streams.isFull,
    onResume: (callback) => (resume = callback),
  });
  const backlog = new Backlog(duplex);
  return { duplex, streams, backlog };
}

function isDropped({ type }: FrameHeader): boolean {
  const { goaway, rstStream, priority, continuation } = frameType;
  return type === goaway || type === rstStream || type === priority || type > continuation;
}

/** Returns true if CONTINUATION frames must follow. */
function isUnendedBlock({ type, flags }: FrameHeader): boolean {
  return (type === frameType.headers || type === frameType.continuation) && (flags & frameFlag.endHeaders) === 0;
}

function isSettings({ type, flags }: FrameHeader): boolean {
  return type === frameType.settings && (flags & frameFlag.ack) === 0;
}

/** Returns a SETTINGS frame that adds the maximum number of streams to a payload. */
function settingsWithLimit(payload: Buffer): Buffer {
  const entry = 6;
  const frame = Buffer.alloc(9 + payload.length + entry);
  frame.writeUIntBE(payload.length + entry, 0, 3);
  frame.writeUInt8(frameType.settings, 3);
  payload.copy(frame, 9);
  frame.writeUInt16BE(constants.NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 9 + payload.length);
  frame.writeUInt32BE(MAX_CONCURRENT_STREAMS, 9 + payload.length + 2);
  return frame;
}

function ignore(): void {
  // Used until the duplex exists.
}
