/**
 * Hosts that exceed a limit or send useless frames within the rules of HTTP/2: excess calls are
 * refused one by one, and the connection goes on. The long floods are in `host-floods.slow.test.ts`.
 */
import { describe, expect, it } from "@jest/globals";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { expectCleanEnd, resetCode, storeRequests } from "./testing/floods.js";
import {
  callBlock,
  END_HEADERS,
  END_STREAM,
  field,
  frame,
  headerFrames,
  indexed,
  message,
  NEWEST,
  type,
  uint32,
} from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";

endFixturesAfterEach();

const ping = frame(type.ping, 0, 0, Buffer.alloc(8));
const block = callBlock("/store.Store/Put", "grpc-go/1.81.1");

describe.each(generations)("a host that makes too many calls, on %s", (generation) => {
  it("gets 1,024 of 10,000 calls run and the others refused one by one", async () => {
    const host = await RawHost.initialised(generation);
    const request = frame(type.data, 0, 0, message(storeRequests[generation]));
    const streams = host.nextStreams(10_000);
    for (const stream of streams) {
      request.writeUInt32BE(stream, 5);
      await host.send(Buffer.concat([host.call(stream, "Put"), request]));
    }
    await host.running.log.waitFor("waiting 1000");
    await host.until(() => host.resets(resetCode.refused) === 10_000 - 1024);
    expect(host.count(type.rstStream)).toBe(10_000 - 1024);
    // The running calls end normally and make room for others.
    host.running.plugin.transport.write(
      Buffer.concat(streams.slice(0, 1024).map((stream) => frame(type.data, END_STREAM, stream))),
    );
    process.kill(host.running.plugin.pid, "SIGUSR2");
    await host.until(() => streams.slice(0, 1024).every((stream) => host.stream(stream).ended));
    await expectCleanEnd(host);
    expect(host.running.log.lines("stored")).toHaveLength(1024);
  }, 240_000);
});

describe("a host that sends more than a call's window", () => {
  it("ends a call, or on newer Node the connection, by exceeding the window", async () => {
    const host = await RawHost.initialised();
    const put = await host.open("Put", storeRequests["v1.1"]);
    for (let i = 0; i < 70; i += 1) await host.send(frame(type.data, 0, put, Buffer.alloc(16_384)));
    const { log, plugin } = host.running;
    const isReset = await Promise.race([
      host.until(() => host.stream(put).reset !== undefined).then(() => true),
      plugin.exited.then(() => false),
    ]);
    if (isReset) {
      expect(host.stream(put).reset).toBe(resetCode.flowControl);
      await expectCleanEnd(host);
      return;
    }
    expect(await plugin.exited).toEqual({ code: 1, signal: null });
    await log.waitFor("exit 1");
    expect(log.lines("storage: ")).toEqual([expect.stringMatching(/^storage: connection: .*Protocol error$/)]);
    expect(log.lines("stored")).toEqual([]);
  }, 60_000);
});

/** Bytes that are sent before a call that must succeed. */
const nuisances: Record<string, (host: RawHost) => readonly Buffer[]> = {
  "100,000 window updates": () => [
    Buffer.concat(Array.from({ length: 100_000 }, () => frame(type.windowUpdate, 0, 0, uint32(1)))),
  ],
  "100,000 priorities of streams that were never opened": () => [
    Buffer.concat(Array.from({ length: 100_000 }, (_, i) => frame(type.priority, 0, 2 * i + 1001, Buffer.alloc(5)))),
  ],
  "100,000 frames of an unknown type": () => [
    Buffer.concat(Array.from({ length: 100_000 }, () => frame(0xee, 0xff, 5, Buffer.alloc(20)))),
  ],
  "10,000 GOAWAYs": () => [
    Buffer.concat(Array.from({ length: 10_000 }, () => frame(type.goaway, 0, 0, Buffer.alloc(20, 1)))),
  ],
  "a call with 500 headers": (host) => {
    const headers = Array.from({ length: 500 }, (_, i) => field(`x-${i}`, "y"));
    return host.nextStreams(1).map((stream) => headerFrames(stream, Buffer.concat([block, ...headers]), END_STREAM));
  },
  "500 calls whose compressed headers expand to 40 MB": (host) => {
    const bomb = Buffer.concat([block, indexed("a", "b".repeat(3900)), Buffer.alloc(10_000, NEWEST)]);
    return host.nextStreams(500).map((stream) => headerFrames(stream, bomb, END_STREAM));
  },
  "a trailer": (host) =>
    host
      .nextStreams(1)
      .map((stream) =>
        Buffer.concat([
          host.call(stream, "Mode"),
          frame(type.data, 0, stream, message(Buffer.alloc(0))),
          frame(type.headers, END_HEADERS | END_STREAM, stream, field("x-trailer", "1")),
        ]),
      ),
};

describe("a host that sends useless frames", () => {
  it.each(Object.entries(nuisances))(
    "is served after %s",
    async (_, bytes) => {
      const host = await RawHost.initialised();
      for (const part of bytes(host)) await host.send(part);
      await expectCleanEnd(host);
    },
    120_000,
  );

  it("gets an answer to each of 5,000 PINGs in turn", async () => {
    const host = await RawHost.initialised();
    for (let i = 1; i <= 5000; i += 1) {
      await host.send(ping);
      await host.until(() => host.count(type.ping) === i);
    }
    await expectCleanEnd(host);
  }, 120_000);
});
