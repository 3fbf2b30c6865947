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
import { HostStreams, type Fate } from "./host-streams.js";

/** What nghttp2 is told; see {@link openWire} for what it is not. */
export const sessionOptions: { settings: Settings; maxSessionMemory: number } = {
  settings: { initialWindowSize: STREAM_WINDOW_BYTES },
  // In megabytes. The default of 10 refuses streams when a few wait with 1 MiB
  // each. What may be held is bounded by limits.ts.
  maxSessionMemory: 4096,
};

/** The connection's window, which is set apart from the settings. */
export { CONNECTION_WINDOW_BYTES };

/** The connection as nghttp2 sees it. */
export interface Wire {
  readonly duplex: Duplex;
  readonly streams: HostStreams;
  readonly backlog: Backlog;
}

/**
 * Puts itself between a connection and nghttp2.
 *
 * Frames that never pass:
 * - GOAWAY to the host: a Plakar 1.1.4 hangs on it and ignores SIGTERM, and
 *   nghttp2 and Node send it in more places than one can turn off. nghttp2 says
 *   by one that the host broke the protocol, and then waits for it to go: so the
 *   connection is ended here.
 * - GOAWAY from the host: it only says that the host is about to leave. nghttp2
 *   takes grpc-go's (its last stream id is odd) for a protocol error and kills
 *   the calls that run, and Node answers one with its own.
 * - RST_STREAM from the host: nghttp2 gives the connection up after some 1,000
 *   of them (33 a second are free), and Node 20 has no option for that. They
 *   are told to `onFate`.
 * - PRIORITY and unknown types from the host: they mean nothing here, and newer
 *   versions of nghttp2 count them as suspicious.
 * - The first SETTINGS to the host, which is replaced by one that names the
 *   largest number of streams: see {@link HostStreams}.
 *
 * The duplex ends with a `HostProtocolError` when the host breaks the protocol.
 */
export function openWire(connection: Duplex, onFate: (stream: number, fate: Fate) => void): Wire {
  let resume: () => void = ignore;
  const streams = new HostStreams({
    onFate,
    onRoom: () => {
      resume();
    },
  });
  // What comes within a header block breaks HTTP/2 (RFC 9113, section 6.10), whatever it is: nghttp2 has to see it.
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
      // Next in line: Node may be ending the session, and tell why.
      setImmediate(() => duplex.destroy(error));
      return undefined;
    },
  });
  const duplex = joinDuplex(connection, connection, {
    inbound: (chunk) => inbound.filter(chunk),
    outbound: (chunk) => outbound.filter(chunk),
    onWritten: () => {
      backlog.look();
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

/** Whether CONTINUATION frames have to follow. */
function isUnendedBlock({ type, flags }: FrameHeader): boolean {
  return (type === frameType.headers || type === frameType.continuation) && (flags & frameFlag.endHeaders) === 0;
}

function isSettings({ type, flags }: FrameHeader): boolean {
  return type === frameType.settings && (flags & frameFlag.ack) === 0;
}

/** A SETTINGS frame with one more entry. */
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
  // Until the duplex is there.
}
