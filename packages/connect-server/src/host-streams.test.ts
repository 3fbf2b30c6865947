import { describe, expect, it } from "@jest/globals";
import type { FrameHeader } from "./frame-filter.js";
import {
  frameType,
  MAX_CONCURRENT_STREAMS,
  MAX_DYING_STREAMS,
  MAX_FRAME_BYTES,
  MAX_SHARED_FRAMES,
  MAX_UNREAD_BYTES,
} from "@kloset/wire/http2";
import { HostStreams, type Termination } from "./host-streams.js";

const MiB = 1024 * 1024;
const headers = (stream: number, flags = 0): FrameHeader => ({ type: frameType.headers, flags, stream, length: 20 });
const data = (stream: number, length: number, flags = 0): FrameHeader => ({
  type: frameType.data,
  flags,
  stream,
  length,
});
const rst = (stream: number, length = 4): FrameHeader => ({ type: frameType.rstStream, flags: 0, stream, length });

interface Watched {
  readonly streams: HostStreams;
  readonly terminations: [number, Termination][];
  readonly rooms: () => number;
}

function watched(): Watched {
  const terminations: [number, Termination][] = [];
  let rooms = 0;
  const streams = new HostStreams({
    onTermination: (stream, termination) => void terminations.push([stream, termination]),
    onRoom: () => (rooms += 1),
  });
  return { streams, terminations, rooms: () => rooms };
}

function openMany(streams: HostStreams, count: number, first = 1): number[] {
  const ids = Array.from({ length: count }, (_, index) => first + 2 * index);
  for (const id of ids) streams.received(headers(id));
  return ids;
}

function sendData(streams: HostStreams, id: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= MAX_FRAME_BYTES) streams.received(data(id, MAX_FRAME_BYTES));
}

describe("HostStreams", () => {
  it("refuses streams beyond the limit that hosts receive", () => {
    const { streams, terminations } = watched();
    openMany(streams, MAX_CONCURRENT_STREAMS + 2);
    expect(terminations).toEqual([
      [2 * MAX_CONCURRENT_STREAMS + 1, "refused"],
      [2 * MAX_CONCURRENT_STREAMS + 3, "refused"],
    ]);
    expect(streams.terminationOf(2 * MAX_CONCURRENT_STREAMS + 1)).toBe("refused");
  });

  it.each<[string, (streams: HostStreams) => void]>([
    [
      "both sides have ended it",
      (streams) => {
        streams.received(data(1, 0, 1));
        streams.sent(headers(1, 1));
      },
    ],
    [
      "the host has reset it",
      (streams) => {
        streams.received(rst(1));
      },
    ],
    [
      "the plugin has reset it",
      (streams) => {
        streams.sent(rst(1));
      },
    ],
  ])("frees the place of a stream when %s", (_, end) => {
    const { streams, terminations } = watched();
    openMany(streams, MAX_CONCURRENT_STREAMS);
    end(streams);
    terminations.length = 0;
    streams.received(headers(2 * MAX_CONCURRENT_STREAMS + 1));
    expect(terminations).toEqual([]);
    streams.received(headers(2 * MAX_CONCURRENT_STREAMS + 3));
    expect(terminations).toEqual([[2 * MAX_CONCURRENT_STREAMS + 3, "refused"]]);
  });

  it("does not free the place of a half-closed stream", () => {
    const { streams, terminations } = watched();
    for (const id of openMany(streams, MAX_CONCURRENT_STREAMS)) streams.received(data(id, 0, 1));
    streams.received(headers(2 * MAX_CONCURRENT_STREAMS + 1));
    expect(terminations).toEqual([[2 * MAX_CONCURRENT_STREAMS + 1, "refused"]]);
  });

  it("reports a reset once, and not for a stream that has ended", () => {
    const { streams, terminations } = watched();
    openMany(streams, 2);
    streams.received(rst(1));
    streams.received(rst(1));
    streams.sent(rst(3));
    streams.received(rst(3));
    expect(terminations).toEqual([[1, "reset"]]);
  });

  it.each<[string, FrameHeader]>([
    ["a stream that was never opened", rst(7)],
    ["stream 0", rst(0)],
    ["a server stream", rst(2)],
    ["3 bytes", rst(1, 3)],
  ])("rejects a reset of %s", (_, frame) => {
    const { streams } = watched();
    streams.received(headers(1));
    streams.received(headers(5));
    expect(() => {
      streams.received(frame);
    }).toThrow(/^the host (reset stream|sent a RST_STREAM)/);
  });

  it("rejects a frame over the size limit, whatever its type", () => {
    const { streams } = watched();
    expect(() => {
      streams.received({ type: 0xee, flags: 0, stream: 0, length: MAX_FRAME_BYTES + 1 });
    }).toThrow("the host sent a frame of 16385 bytes; the limit is 16384");
  });

  it("is full while too many terminated streams wait for their reset to be sent", () => {
    const { streams, rooms } = watched();
    for (let i = 0; i < MAX_DYING_STREAMS; i += 1) {
      streams.received(headers(2 * i + 1));
      expect(streams.isFull).toBe(false);
      streams.received(rst(2 * i + 1));
    }
    expect(streams.isFull).toBe(true);
    expect(rooms()).toBe(0);
    streams.sent(rst(1));
    expect(streams.isFull).toBe(false);
    expect(rooms()).toBe(1);
    streams.sent(rst(3));
    expect(rooms()).toBe(1);
  });

  it("resets the stream with the most unread bytes when the limit is exceeded", () => {
    const { streams, terminations } = watched();
    const ids = openMany(streams, 200);
    sendData(streams, ids[7] ?? 0, 2 * MiB);
    let sent = 2 * MiB;
    for (const id of ids) {
      sendData(streams, id, MiB);
      sent += MiB;
      if (terminations.length > 0) break;
    }
    expect(terminations).toEqual([[ids[7], "overloaded"]]);
    // Below the limit because frames count as well.
    expect(sent).toBeGreaterThan(0.9 * MAX_UNREAD_BYTES);
    expect(sent).toBeLessThanOrEqual(MAX_UNREAD_BYTES);
  });

  it("counts the overhead of frames", () => {
    const { streams, terminations } = watched();
    streams.received(headers(1));
    for (let i = 0; i < 1_000_000 && terminations.length === 0; i += 1) streams.received(data(1, 1));
    expect(terminations).toEqual([[1, "overloaded"]]);
  });

  it("does not count bytes that were read or belong to an ended stream", () => {
    const { streams, terminations } = watched();
    openMany(streams, 3);
    for (let i = 0; i < 1000; i += 1) {
      sendData(streams, 1, MiB);
      streams.read(1, MiB);
    }
    sendData(streams, 3, 90 * MiB);
    streams.sent(rst(3));
    sendData(streams, 5, 90 * MiB);
    expect(terminations).toEqual([]);
  });

  it("is crowded while many frames are unread", () => {
    const { streams } = watched();
    streams.received(headers(1));
    for (let i = 0; i < MAX_SHARED_FRAMES; i += 1) {
      expect(streams.isCrowded).toBe(false);
      streams.received(data(1, 10));
    }
    expect(streams.isCrowded).toBe(true);
    streams.read(1, 10 * MAX_SHARED_FRAMES);
    expect(streams.isCrowded).toBe(false);
  });
});
