/**
 * Hosts that break HTTP/2. The stated outcome is always the same: the work that
 * runs is aborted, the connector closed, one line says why, and the plugin exits
 * 1, without a GOAWAY (hosts hang on one) and with little memory.
 */
import { describe, expect, it } from "@jest/globals";
import { endFixturesAfterEach, type RunningProcess } from "./testing/fixture.js";
import {
  callBlock,
  END_HEADERS,
  END_STREAM,
  field,
  frame,
  headerFrames,
  indexed,
  preface,
  reset,
  setting,
  type,
  uint32,
} from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";

endFixturesAfterEach();

/** Megabytes that no host may make a plugin hold. */
const MAX_PEAK = 300;

/** The next STREAM that the host may open. */
const STREAM = 99;
const block = callBlock("/store.Store/Put", "grpc-go/1.81.1");
const put = headerFrames(STREAM, block);
const ping = frame(type.ping, 0, 0, Buffer.alloc(8));

function times(count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/**
 * How it goes on depends on Node: newer ones say "Protocol error" of much that
 * older ones have a name for, and "Flow control error" can be FLOW_CONTROL_ERROR.
 */
const someReason = "the host broke HTTP/2: ";

/** What is sent, and how the line goes on after "storage: connection: ". */
const violations: Record<string, readonly [bytes: readonly Buffer[], line: string]> = {
  garbage: [times(20, Buffer.alloc(5_000, 0xab)), `the host sent a frame of 11250603 bytes; the limit is 16384`],
  "a frame of 16 MiB": [
    [frame(type.data, 0, STREAM, Buffer.alloc(20_000), 0xff_ffff)],
    "the host sent a frame of 16777215 bytes; the limit is 16384",
  ],
  "a frame of 16,385 bytes": [
    [put, frame(type.data, 0, STREAM, Buffer.alloc(16_385))],
    "the host sent a frame of 16385 bytes; the limit is 16384",
  ],
  "a PING of 7 bytes": [[frame(type.ping, 0, 0, Buffer.alloc(7))], someReason],
  "a flood of PINGs": [times(200, Buffer.concat(times(1000, ping))), "the host broke HTTP/2: Flooding was detected"],
  "a flood of SETTINGS": [
    times(200, Buffer.concat(times(1000, frame(type.settings, 0, 0, setting(4, 65_535))))),
    "the host broke HTTP/2: Flooding was detected",
  ],
  "a flood of empty DATA frames": [
    [put, ...times(100, Buffer.concat(times(100, frame(type.data, 0, STREAM))))],
    "the host broke HTTP/2: Too many invalid HTTP/2 frames",
  ],
  "a window that overflows": [times(2, frame(type.windowUpdate, 0, 0, uint32(0x7fff_ffff))), someReason],
  "a window update of 0": [[frame(type.windowUpdate, 0, 0, uint32(0))], someReason],
  "CONTINUATION without end": [
    [
      frame(type.headers, 0, STREAM, block),
      ...times(5000, frame(type.continuation, 0, STREAM, field("a", "b".repeat(10_000)))),
    ],
    "the host broke HTTP/2: Too many CONTINUATION frames",
  ],
  "empty CONTINUATION without end": [
    [frame(type.headers, 0, STREAM, block), ...times(5000, frame(type.continuation, 0, STREAM))],
    "the host broke HTTP/2: Too many CONTINUATION frames",
  ],
  "a header that is cut by a PING": [[frame(type.headers, 0, STREAM, block), ping], someReason],
  "one header of 70,000 bytes": [
    [headerFrames(STREAM, Buffer.concat([block, field("a", "b".repeat(70_000))]))],
    someReason,
  ],
  "a header block that is garbage": [[frame(type.headers, END_HEADERS, STREAM, Buffer.alloc(20, 0xff))], someReason],
  "a header table of 1 GiB": [
    [headerFrames(STREAM, Buffer.concat([Buffer.from([0x3f, 0xe1, 0xff, 0xff, 0xff, 0x03]), block]))],
    someReason,
  ],
  "a call on an even stream": [[headerFrames(STREAM + 1, block)], someReason],
  "data for a call that was never made": [[frame(type.data, 0, STREAM, Buffer.alloc(10))], someReason],
  "data for stream 0": [[frame(type.data, 0, 0, Buffer.alloc(10))], someReason],
  "a push": [[frame(type.pushPromise, END_HEADERS, STREAM, Buffer.concat([uint32(2), block]))], someReason],
  "a reset of a call that was never made": [
    [reset(STREAM)],
    `the host reset stream ${STREAM}, which it has not opened`,
  ],
  "a million resets of calls that were never made": [
    Array.from({ length: 100 }, (_, i) =>
      Buffer.concat(Array.from({ length: 10_000 }, (__, j) => reset(STREAM + 2 * (10_000 * i + j)))),
    ),
    `the host reset stream ${STREAM}, which it has not opened`,
  ],
  "a reset of stream 0": [[reset(0)], "the host reset stream 0, which it has not opened"],
  "a reset of 3 bytes": [
    [put, frame(type.rstStream, 0, STREAM, Buffer.alloc(3))],
    "the host sent a RST_STREAM frame of 3 bytes; it has 4",
  ],
  "2,000 calls with a forbidden header": [
    Array.from({ length: 2000 }, (_, i) =>
      headerFrames(STREAM + 2 * i, Buffer.concat([block, field("connection", "close")]), END_STREAM),
    ),
    "the host broke HTTP/2: Too many invalid HTTP/2 frames",
  ],
  "SETTINGS with a window of 4 GiB": [[frame(type.settings, 0, 0, setting(4, 0xffff_ffff))], someReason],
  "an ACK of SETTINGS that nobody sent": [[frame(type.settings, 1, 0)], someReason],
};

async function expectBroken({ plugin, log }: RunningProcess, line: string): Promise<void> {
  expect(await plugin.exited).toEqual({ code: 1, signal: null });
  await log.says("peak");
  const lines = log.lines("storage: ");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.slice(0, `storage: connection: ${line}`.length)).toBe(`storage: connection: ${line}`);
  expect(log.lines("exit")).toEqual(["exit 1"]);
  expect(Number(log.lines("peak")[0]?.split(" ")[1])).toBeLessThan(MAX_PEAK);
}

describe("a host that breaks HTTP/2", () => {
  it.each(Object.entries(violations))("by %s ends the connection, with its reason", async (_, [bytes, line]) => {
    const host = await RawHost.initialised();
    const { log } = host.running;
    // Work that runs: a call that waits, and has to be aborted.
    const get = await host.open("Get", Buffer.from([0x0a, 32, ...Buffer.alloc(32, 1), 0x10, 1]), END_STREAM);
    await host.until(() => host.stream(get).data.length > 0);
    for (const part of bytes) await host.send(part);
    await expectBroken(host.running, line);
    expect(log.lines("get")).toEqual(["get aborted"]);
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(host.count(type.goaway)).toBe(0);
  });

  it.each<[string, Buffer]>([
    ["speaks HTTP/1.1", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    ["begins with its frames", Buffer.concat([frame(type.settings, 0, 0), put])],
    ["speaks gRPC without HTTP/2", Buffer.alloc(100)],
    ["breaks off its preface", Buffer.concat([preface.subarray(0, 20), Buffer.alloc(20, 0xab)])],
  ])("%s is told apart, with its reason", async (_, bytes) => {
    const host = await RawHost.silent();
    await host.send(bytes);
    await expectBroken(host.running, "the host does not speak HTTP/2: it began with ");
    expect(host.count(type.goaway)).toBe(0);
  });

  it("sends no SETTINGS after its preface", async () => {
    const host = await RawHost.silent();
    await host.send(Buffer.concat([preface, ping]));
    await expectBroken(host.running, someReason);
  });
});

describe("a host that goes before it is done", () => {
  const whole = Buffer.concat([preface, frame(type.settings, 0, 0), put]);

  it.each<[string, Buffer]>([
    ["no word", Buffer.alloc(0)],
    ["half of its preface", preface.subarray(0, 11)],
    ["half of a frame's header", whole.subarray(0, preface.length + 9 + 4)],
    ["half of a frame", whole.subarray(0, whole.length - 5)],
    [
      "half of a header block",
      Buffer.concat([preface, frame(type.settings, 0, 0), frame(type.headers, 0, STREAM, indexed("a", "b"))]),
    ],
  ])("with %s is a host that has gone: exit 0, not a line", async (_, bytes) => {
    const host = await RawHost.silent();
    await host.send(bytes);
    expect(await host.running.stop()).toEqual({ code: 0, signal: null });
    await host.running.log.says("peak");
    expect(host.running.log.lines("storage")).toEqual([]);
    expect(host.running.log.lines("exit")).toEqual(["exit 0"]);
  });
});
