/**
 * Hosts that break HTTP/2. The outcome is always the same: running calls are
 * aborted, the connector is closed, one line gives the reason, and the plugin exits
 * with code 1, without a GOAWAY (hosts hang on one) and with bounded memory.
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

/** The limit of the plugin's peak memory, in MiB. */
const MAX_PEAK = 300;

/** The next stream that the host may open. */
const STREAM = 99;
const block = callBlock("/store.Store/Put", "grpc-go/1.81.1");
const put = headerFrames(STREAM, block);
const ping = frame(type.ping, 0, 0, Buffer.alloc(8));

function times(count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/** The rest depends on the version of Node: newer ones say "Protocol error" where older ones are specific. */
const anyReason = "the host broke HTTP/2: ";

/** The bytes of each violation, and the beginning of the line after "storage: connection: ". */
const violations: Record<string, readonly [bytes: readonly Buffer[], line: string]> = {
  garbage: [times(20, Buffer.alloc(5_000, 0xab)), "the host sent a frame of 11250603 bytes"],
  "a frame of 16 MiB": [
    [frame(type.data, 0, STREAM, Buffer.alloc(20_000), 0xff_ffff)],
    "the host sent a frame of 16777215 bytes",
  ],
  "a frame of 16,385 bytes": [
    [put, frame(type.data, 0, STREAM, Buffer.alloc(16_385))],
    "the host sent a frame of 16385 bytes",
  ],
  "a PING of 7 bytes": [[frame(type.ping, 0, 0, Buffer.alloc(7))], anyReason],
  "a flood of PINGs": [times(200, Buffer.concat(times(1000, ping))), "the host broke HTTP/2: Flooding was detected"],
  "a flood of SETTINGS": [
    times(200, Buffer.concat(times(1000, frame(type.settings, 0, 0, setting(4, 65_535))))),
    "the host broke HTTP/2: Flooding was detected",
  ],
  "a flood of empty DATA frames": [
    [put, ...times(100, Buffer.concat(times(100, frame(type.data, 0, STREAM))))],
    "the host broke HTTP/2: Too many invalid HTTP/2 frames",
  ],
  "a window that overflows": [times(2, frame(type.windowUpdate, 0, 0, uint32(0x7fff_ffff))), anyReason],
  "a window update of 0": [[frame(type.windowUpdate, 0, 0, uint32(0))], anyReason],
  "endless CONTINUATION frames": [
    [
      frame(type.headers, 0, STREAM, block),
      ...times(5000, frame(type.continuation, 0, STREAM, field("a", "b".repeat(10_000)))),
    ],
    "the host broke HTTP/2: Too many CONTINUATION frames",
  ],
  "endless empty CONTINUATION frames": [
    [frame(type.headers, 0, STREAM, block), ...times(5000, frame(type.continuation, 0, STREAM))],
    "the host broke HTTP/2: Too many CONTINUATION frames",
  ],
  "a header block interrupted by a PING": [[frame(type.headers, 0, STREAM, block), ping], anyReason],
  "one header of 70,000 bytes": [
    [headerFrames(STREAM, Buffer.concat([block, field("a", "b".repeat(70_000))]))],
    anyReason,
  ],
  "a garbage header block": [[frame(type.headers, END_HEADERS, STREAM, Buffer.alloc(20, 0xff))], anyReason],
  "a header table of 1 GiB": [
    [headerFrames(STREAM, Buffer.concat([Buffer.from([0x3f, 0xe1, 0xff, 0xff, 0xff, 0x03]), block]))],
    anyReason,
  ],
  "a call on an even stream": [[headerFrames(STREAM + 1, block)], anyReason],
  "data for a stream that was never opened": [[frame(type.data, 0, STREAM, Buffer.alloc(10))], anyReason],
  "data for stream 0": [[frame(type.data, 0, 0, Buffer.alloc(10))], anyReason],
  "a push": [[frame(type.pushPromise, END_HEADERS, STREAM, Buffer.concat([uint32(2), block]))], anyReason],
  "a reset of a stream that was never opened": [[reset(STREAM)], `the host reset stream ${STREAM}`],
  "a million resets of streams that were never opened": [
    Array.from({ length: 100 }, (_, i) =>
      Buffer.concat(Array.from({ length: 10_000 }, (__, j) => reset(STREAM + 2 * (10_000 * i + j)))),
    ),
    `the host reset stream ${STREAM}`,
  ],
  "a reset of stream 0": [[reset(0)], "the host reset stream 0"],
  "a reset of 3 bytes": [
    [put, frame(type.rstStream, 0, STREAM, Buffer.alloc(3))],
    "the host sent a RST_STREAM frame of 3 bytes",
  ],
  "2,000 calls with a forbidden header": [
    Array.from({ length: 2000 }, (_, i) =>
      headerFrames(STREAM + 2 * i, Buffer.concat([block, field("connection", "close")]), END_STREAM),
    ),
    "the host broke HTTP/2: Too many invalid HTTP/2 frames",
  ],
  "SETTINGS with a window of 4 GiB": [[frame(type.settings, 0, 0, setting(4, 0xffff_ffff))], anyReason],
  "an ACK of SETTINGS that the plugin never sent": [[frame(type.settings, 1, 0)], anyReason],
};

async function expectBroken({ plugin, log }: RunningProcess, line: string): Promise<void> {
  expect(await plugin.exited).toEqual({ code: 1, signal: null });
  await log.waitFor("peak");
  const lines = log.lines("storage: ");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.slice(0, `storage: connection: ${line}`.length)).toBe(`storage: connection: ${line}`);
  expect(log.lines("exit")).toEqual(["exit 1"]);
  expect(Number(log.lines("peak")[0]?.split(" ")[1])).toBeLessThan(MAX_PEAK);
}

describe("a host that breaks HTTP/2", () => {
  it.each(Object.entries(violations))("ends the connection with a reason after %s", async (_, [bytes, line]) => {
    const host = await RawHost.initialised();
    const { log } = host.running;
    // A running call, which must be aborted.
    const get = await host.open("Get", Buffer.from([0x0a, 32, ...Buffer.alloc(32, 1), 0x10, 1]), END_STREAM);
    await host.until(() => host.stream(get).data.length > 0);
    for (const part of bytes) await host.send(part);
    await expectBroken(host.running, line);
    expect(log.lines("get")).toEqual(["get aborted"]);
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(host.count(type.goaway)).toBe(0);
  });

  it.each<[string, Buffer]>([
    ["HTTP/1.1", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    ["frames without a preface", Buffer.concat([frame(type.settings, 0, 0), put])],
    ["gRPC without HTTP/2", Buffer.alloc(100)],
    ["a truncated preface", Buffer.concat([preface.subarray(0, 20), Buffer.alloc(20, 0xab)])],
  ])("ends the connection with a reason if it begins with %s", async (_, bytes) => {
    const host = await RawHost.silent();
    await host.send(bytes);
    await expectBroken(host.running, "the host does not speak HTTP/2");
    expect(host.count(type.goaway)).toBe(0);
  });

  it("ends the connection if no SETTINGS follow the preface", async () => {
    const host = await RawHost.silent();
    await host.send(Buffer.concat([preface, ping]));
    await expectBroken(host.running, anyReason);
  });
});

describe("a host that goes during the connection preface or its first call", () => {
  const whole = Buffer.concat([preface, frame(type.settings, 0, 0), put]);

  it.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["half of its preface", preface.subarray(0, 11)],
    ["half of a frame's header", whole.subarray(0, preface.length + 9 + 4)],
    ["half of a frame", whole.subarray(0, whole.length - 5)],
    [
      "half of a header block",
      Buffer.concat([preface, frame(type.settings, 0, 0), frame(type.headers, 0, STREAM, indexed("a", "b"))]),
    ],
  ])("ends the plugin with exit code 0 and no line after %s", async (_, bytes) => {
    const host = await RawHost.silent();
    await host.send(bytes);
    expect(await host.running.stop()).toEqual({ code: 0, signal: null });
    await host.running.log.waitFor("peak");
    expect(host.running.log.lines("storage")).toEqual([]);
    expect(host.running.log.lines("exit")).toEqual(["exit 0"]);
  });
});
