/**
 * Long floods within the rules of HTTP/2: excess calls are refused one by one,
 * memory is bounded, and the connection goes on. The flood itself is the fault.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { store } from "@kloset/protocol/v1.1";
import { create, toBinary } from "@bufbuild/protobuf";
import { endFixturesAfterEach, generations, startStorage } from "./testing/fixture.js";
import { expectCleanEnd, resetCode, storeRequests } from "./testing/floods.js";
import { END_STREAM, frame, message, reset, type } from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";

endFixturesAfterEach();

/** The limit of the plugin's peak memory in MiB, where 96 MiB of unread requests are allowed; the rest is garbage. */
const MAX_UNREAD_PEAK = 500;
/** The number of bytes that a process reads for a signal at most. It reads more than that from its input at once. */
const MAX_SIGNAL_BYTES = 1024;
const MAX_LOG_BYTES = 256 * 1024;

describe.each(generations)("a host that makes too many calls, on %s", (generation) => {
  it("gets all of 10,000 calls answered if it keeps to the limit of concurrent calls", async () => {
    const { client, log, stop } = await startStorage(generation);
    const modes = await Promise.all(Array.from({ length: 10_000 }, () => client.mode()));
    expect(modes.every((mode) => mode === modes[0])).toBe(true);
    expect(await stop()).toEqual({ code: 0, signal: null });
    await log.waitFor("exit 0");
  }, 240_000);

  it("may make and cancel 100,000 calls as fast as it can", async () => {
    const host = await RawHost.initialised(generation);
    const request = frame(type.data, 0, 0, message(storeRequests[generation]));
    for (let round = 0; round < 200; round += 1) {
      const calls = host.nextStreams(500).map((stream) => {
        request.writeUInt32BE(stream, 5);
        return Buffer.concat([host.call(stream, "Put"), Buffer.from(request), reset(stream)]);
      });
      await host.send(Buffer.concat(calls));
    }
    await expectCleanEnd(host);
    expect(host.running.log.lines("stored")).toEqual([]);
  }, 240_000);
});

describe("a host that makes and cancels calls without reading", () => {
  const isReference = process.env["KLOSET_SERVER"] === "connect";

  it(
    isReference
      ? "is not read any further until it reads"
      : "is read, and each call is forgotten at its reset without an answer",
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
      const hasStopped = await Promise.race([sending.then(() => false), stopsReading(host, isDone)]);
      expect(hasStopped).toBe(isReference);
      if (isReference) {
        expect(sent).toBeLessThan(60);
        expect(transport.writableNeedDrain).toBe(true);
      } else {
        // Log lines at most.
        expect(bytesOf(pid).written - before).toBeLessThan(MAX_LOG_BYTES);
      }
      transport.resume();
      await sending;
      await expectCleanEnd(host);
    },
    240_000,
  );
});

/** Returns the number of bytes that a process has read and written so far. */
function bytesOf(pid: number): { readonly read: number; readonly written: number } {
  const text = readFileSync(`/proc/${pid}/io`, "latin1");
  const [read = NaN, written = NaN] = Array.from(text.matchAll(/^[rw]char: (\d+)$/gm), ([, bytes]) => Number(bytes));
  return { read, written };
}

/**
 * Resolves to true when the plugin's event loop turns repeatedly without reading
 * its pending input; to false when all input was sent.
 */
async function stopsReading(host: RawHost, isDone: () => boolean): Promise<boolean> {
  const { log, plugin } = host.running;
  // Ten rounds, because the pipe may have been empty for a moment.
  for (let round = 1, still = 0; still < 10; round += 1) {
    const { read } = bytesOf(plugin.pid);
    process.kill(plugin.pid, "SIGCONT");
    await log.waitFor(`turn ${round}.`);
    if (isDone()) return false;
    still = bytesOf(plugin.pid).read - read < MAX_SIGNAL_BYTES && plugin.transport.writableNeedDrain ? still + 1 : 0;
  }
  return true;
}

describe("a host that sends requests that the author does not read", () => {
  it("gets the fullest of 1,000 calls reset and the others stored whole", async () => {
    const host = await RawHost.initialised();
    const streams = host.nextStreams(1000);
    const chunk = Buffer.alloc(200_000, 1);
    const body = toBinary(store.PutRequestSchema, create(store.PutRequestSchema, { chunk }));
    const content = message(Buffer.from(body));
    for (const stream of streams) {
      const frames = [host.call(stream, "Put"), frame(type.data, 0, stream, message(storeRequests["v1.1"]))];
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
    const refused = streams.filter((stream) => host.stream(stream).reset === resetCode.enhanceYourCalm);
    const answered = streams.filter((stream) => host.stream(stream).ended);
    expect(refused.length).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThan(50);
    expect(refused.length + answered.length).toBe(1000);
    await expectCleanEnd(host, MAX_UNREAD_PEAK);
    const stored = host.running.log.lines("stored");
    expect(stored).toEqual(Array(answered.length).fill(`stored packfile: ${4 * chunk.length}`));
  }, 240_000);

  it("may send single bytes among ignored frames", async () => {
    const host = await RawHost.initialised();
    const streams = host.nextStreams(100);
    for (const stream of streams) {
      await host.send(
        Buffer.concat([host.call(stream, "Put"), frame(type.data, 0, stream, message(storeRequests["v1.1"]))]),
      );
    }
    const ballast = Buffer.concat(Array.from({ length: 60 }, () => frame(0xee, 0, 0, Buffer.alloc(1000))));
    for (let round = 0; round < 50; round += 1) {
      for (const stream of streams)
        await host.send(Buffer.concat([frame(type.data, 0, stream, Buffer.alloc(1)), ballast]));
    }
    await expectCleanEnd(host);
  }, 240_000);
});
