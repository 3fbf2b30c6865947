/**
 * Hosts that are eager, or mean, within the rules of HTTP/2: what is too much is
 * refused call by call, memory is bounded, and the connection works on.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { store } from "@kloset/protocol/v1.1";
import { create, toBinary } from "@bufbuild/protobuf";
import { endFixturesAfterEach, generations, startStorage } from "./testing/fixture.js";
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
  reset,
  type,
  uint32,
} from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";

endFixturesAfterEach();

/** Megabytes that no host may make a plugin hold. */
const MAX_PEAK = 300;
/** The same where 96 MiB of unread requests are allowed: as much again and more is garbage that was not collected yet. */
const MAX_UNREAD_PEAK = 500;
/** What a process reads to hear of a signal. Of its input it takes more AT once. */
const MAX_SIGNAL_BYTES = 1024;
const MAX_LOG_BYTES = 256 * 1024;
const code = { flowControl: 3, refused: 7, cancel: 8, enhanceYourCalm: 11 } as const;
const mac = Buffer.concat([Buffer.from([0x0a, 32]), Buffer.alloc(32, 1)]);
/** PutRequest and GetRequest of v1.1, PutPackfileRequest and GetPackfileRequest of v1.0, which have the MAC in a message of its own. */
const requests = {
  "v1.1": Buffer.concat([mac, Buffer.from([0x10, 1])]),
  "v1.0": Buffer.concat([Buffer.from([0x0a, mac.length]), mac]),
};
const ping = frame(type.ping, 0, 0, Buffer.alloc(8));
const block = callBlock("/store.Store/Put", "grpc-go/1.81.1");

/** Ends the plugin as a host does that exits, and looks AT what is left. */
async function expectWellEnded(host: RawHost, peak = MAX_PEAK): Promise<void> {
  const { log, stop } = host.running;
  expect(await host.mode()).toBe(6);
  expect(await stop()).toEqual({ code: 0, signal: null });
  await log.says("peak");
  expect(log.lines("storage: ")).toEqual([]);
  expect(log.lines("clos")).toEqual(["closing", "closed"]);
  expect(log.lines("exit")).toEqual(["exit 0"]);
  expect(host.count(type.goaway)).toBe(0);
  expect(Number(log.lines("peak")[0]?.split(" ")[1])).toBeLessThan(peak);
}

describe.each(generations)("an eager host, on %s", (generation) => {
  it("opens 10,000 calls at once: 1,024 run, the others are refused one by one", async () => {
    const host = await RawHost.initialised(generation);
    const request = frame(type.data, 0, 0, message(requests[generation]));
    const streams = host.nextStreams(10_000);
    for (const stream of streams) {
      request.writeUInt32BE(stream, 5);
      await host.send(Buffer.concat([host.call(stream, "Put"), request]));
    }
    await host.running.log.says("waiting 1000");
    await host.until(() => host.resets(code.refused) === 10_000 - 1024);
    expect(host.count(type.rstStream)).toBe(10_000 - 1024);
    // Those that run are ended well, and make room.
    host.running.plugin.transport.write(
      Buffer.concat(streams.slice(0, 1024).map((stream) => frame(type.data, END_STREAM, stream))),
    );
    process.kill(host.running.plugin.pid, "SIGUSR2");
    await host.until(() => streams.slice(0, 1024).every((stream) => host.stream(stream).ended));
    await expectWellEnded(host);
    expect(host.running.log.lines("stored")).toHaveLength(1024);
  }, 240_000);

  it("makes 10,000 calls at once, and takes the plugin at its word: all are answered", async () => {
    const { client, log, stop } = await startStorage(generation);
    const modes = await Promise.all(Array.from({ length: 10_000 }, () => client.mode()));
    expect(modes.every((mode) => mode === modes[0])).toBe(true);
    expect(await stop()).toEqual({ code: 0, signal: null });
    await log.says("exit 0");
  }, 240_000);

  it("makes and cancels 100,000 calls as fast as it can", async () => {
    const host = await RawHost.initialised(generation);
    const request = frame(type.data, 0, 0, message(requests[generation]));
    for (let round = 0; round < 200; round += 1) {
      const calls = host.nextStreams(500).map((stream) => {
        request.writeUInt32BE(stream, 5);
        return Buffer.concat([host.call(stream, "Put"), Buffer.from(request), reset(stream)]);
      });
      await host.send(Buffer.concat(calls));
    }
    await expectWellEnded(host);
    expect(host.running.log.lines("stored")).toEqual([]);
  }, 240_000);
});

describe("a host that makes and cancels calls, and does not read", () => {
  const isReference = process.env["KLOSET_SERVER"] === "connect";

  it(
    isReference
      ? "is read no further, until it reads"
      : "is read on: each call is forgotten with its reset, and nothing is answered",
    async () => {
      const host = await RawHost.initialised();
      const { pid, transport } = host.running.plugin;
      transport.pause();
      const before = bytesOf(pid).written;
      let sent = 0;
      const sending = (async () => {
        for (; sent < 100; sent += 1) {
          const calls = host
            .nextStreams(1000)
            .map((stream) => Buffer.concat([host.call(stream, "Put"), reset(stream)]));
          await host.send(Buffer.concat(calls));
        }
      })();
      const isDone = (): boolean => sent === 100;
      const stops = await Promise.race([sending.then(() => false), stopsReading(host, isDone)]);
      expect(stops).toBe(isReference);
      if (isReference) {
        expect(sent).toBeLessThan(60);
        expect(transport.writableNeedDrain).toBe(true);
      } else {
        // Its lines in the log, AT most.
        expect(bytesOf(pid).written - before).toBeLessThan(MAX_LOG_BYTES);
      }
      transport.resume();
      await sending;
      await expectWellEnded(host);
    },
    240_000,
  );
});

/** What a process has read and written so far, whatever it was. */
function bytesOf(pid: number): { readonly read: number; readonly written: number } {
  const text = readFileSync(`/proc/${pid}/io`, "latin1");
  const [read = NaN, written = NaN] = Array.from(text.matchAll(/^[rw]char: (\d+)$/gm), ([, bytes]) => Number(bytes));
  return { read, written };
}

/**
 * Settles with true when the plugin's event loop turns, and turns again, and takes
 * nothing of what waits for it; with false when there is nothing any more.
 */
async function stopsReading(host: RawHost, isDone: () => boolean): Promise<boolean> {
  const { log, plugin } = host.running;
  // Several rounds: the pipe may have been empty for a moment, and was filled again since.
  for (let round = 1, still = 0; still < 10; round += 1) {
    const { read } = bytesOf(plugin.pid);
    process.kill(plugin.pid, "SIGCONT");
    await log.says(`turn ${round}.`);
    if (isDone()) return false;
    still = bytesOf(plugin.pid).read - read < MAX_SIGNAL_BYTES && plugin.transport.writableNeedDrain ? still + 1 : 0;
  }
  return true;
}

describe("a host that sends what nobody reads", () => {
  it("fills the windows of 1,000 calls: the fullest are reset, the others are stored whole", async () => {
    const host = await RawHost.initialised();
    const streams = host.nextStreams(1000);
    const chunk = Buffer.alloc(200_000, 1);
    const body = toBinary(store.PutRequestSchema, create(store.PutRequestSchema, { chunk }));
    const content = message(Buffer.from(body));
    for (const stream of streams) {
      const frames = [host.call(stream, "Put"), frame(type.data, 0, stream, message(requests["v1.1"]))];
      for (let part = 0; part < 4; part += 1) {
        for (let at = 0; at < content.length; at += 16_384) {
          frames.push(frame(type.data, 0, stream, content.subarray(at, at + 16_384)));
        }
      }
      frames.push(frame(type.data, END_STREAM, stream));
      await host.send(Buffer.concat(frames));
    }
    process.kill(host.running.plugin.pid, "SIGUSR2");
    await host.until(() =>
      streams.every((stream) => host.stream(stream).ended || host.stream(stream).reset !== undefined),
    );
    const refused = streams.filter((stream) => host.stream(stream).reset === code.enhanceYourCalm);
    const answered = streams.filter((stream) => host.stream(stream).ended);
    expect(refused.length).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThan(50);
    expect(refused.length + answered.length).toBe(1000);
    await expectWellEnded(host, MAX_UNREAD_PEAK);
    const stored = host.running.log.lines("stored");
    expect(stored).toEqual(Array(answered.length).fill(`stored packfile: ${4 * chunk.length}`));
  }, 240_000);

  it("sends single bytes, and between them what is thrown away", async () => {
    const host = await RawHost.initialised();
    const streams = host.nextStreams(100);
    for (const stream of streams) {
      await host.send(
        Buffer.concat([host.call(stream, "Put"), frame(type.data, 0, stream, message(requests["v1.1"]))]),
      );
    }
    const ballast = Buffer.concat(Array.from({ length: 60 }, () => frame(0xee, 0, 0, Buffer.alloc(1000))));
    for (let round = 0; round < 50; round += 1) {
      for (const stream of streams)
        await host.send(Buffer.concat([frame(type.data, 0, stream, Buffer.alloc(1)), ballast]));
    }
    await expectWellEnded(host);
  }, 240_000);

  it("sends more than the window of a call: that call ends, or with a newer Node the connection", async () => {
    const host = await RawHost.initialised();
    const put = await host.open("Put", requests["v1.1"]);
    for (let i = 0; i < 70; i += 1) await host.send(frame(type.data, 0, put, Buffer.alloc(16_384)));
    const { log, plugin } = host.running;
    const isReset = await Promise.race([
      host.until(() => host.stream(put).reset !== undefined).then(() => true),
      plugin.exited.then(() => false),
    ]);
    if (isReset) {
      expect(host.stream(put).reset).toBe(code.flowControl);
      await expectWellEnded(host);
      return;
    }
    expect(await plugin.exited).toEqual({ code: 1, signal: null });
    await log.says("exit 1");
    expect(log.lines("storage: ")).toEqual(["storage: connection: the host broke HTTP/2: Protocol error"]);
    expect(log.lines("stored")).toEqual([]);
  }, 60_000);
});

/** What is sent before a call that must work. */
const nuisances: Record<string, (host: RawHost) => readonly Buffer[]> = {
  "100,000 window updates": () => [
    Buffer.concat(Array.from({ length: 100_000 }, () => frame(type.windowUpdate, 0, 0, uint32(1)))),
  ],
  "100,000 priorities of calls that were never made": () => [
    Buffer.concat(Array.from({ length: 100_000 }, (_, i) => frame(type.priority, 0, 2 * i + 1001, Buffer.alloc(5)))),
  ],
  "100,000 frames of an unknown type": () => [
    Buffer.concat(Array.from({ length: 100_000 }, () => frame(0xee, 0xff, 5, Buffer.alloc(20)))),
  ],
  "10,000 farewells (GOAWAY)": () => [
    Buffer.concat(Array.from({ length: 10_000 }, () => frame(type.goaway, 0, 0, Buffer.alloc(20, 1)))),
  ],
  "a call with 500 headers": (host) => {
    const headers = Array.from({ length: 500 }, (_, i) => field(`x-${i}`, "y"));
    return host.nextStreams(1).map((stream) => headerFrames(stream, Buffer.concat([block, ...headers]), END_STREAM));
  },
  "500 calls whose few bytes of headers mean 40 MB": (host) => {
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

describe("a host that is a nuisance", () => {
  it.each(Object.entries(nuisances))(
    "with %s is put up with",
    async (_, bytes) => {
      const host = await RawHost.initialised();
      for (const part of bytes(host)) await host.send(part);
      await expectWellEnded(host);
    },
    120_000,
  );

  it("with 5,000 PINGs, each after the answer to the last, gets all answers", async () => {
    const host = await RawHost.initialised();
    for (let i = 1; i <= 5000; i += 1) {
      await host.send(ping);
      await host.until(() => host.count(type.ping) === i);
    }
    await expectWellEnded(host);
  }, 120_000);
});
