/** Hosts that stop reading for 30 s. All tests share one stall, because the wait itself is the fault. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import { endFixturesAfterEach, generations, startStorage } from "./testing/fixture.js";
import { storeRequests } from "./testing/floods.js";
import { END_STREAM, frame, message, reset, type } from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";
import type { Generation } from "@kloset/host";

endFixturesAfterEach();

const STALL_MS = 30_000;
const MAX_PEAK = 300;
const MiB = 1024 * 1024;
/** A chunk of a put: field 3 in v1.1, field 2 in v1.0, 10,000 bytes. */
const contents = {
  "v1.1": Buffer.concat([Buffer.from([0x1a, 0x90, 0x4e]), Buffer.alloc(10_000, 1)]),
  "v1.0": Buffer.concat([Buffer.from([0x12, 0x90, 0x4e]), Buffer.alloc(10_000, 1)]),
};

/** Returns the amount given to all readers, in MiB, from the plugin's last log line. */
function given(log: { lines: (prefix: string) => string[] }): number {
  return Number(log.lines("giving").at(-1)?.split(" ")[1]);
}

/** Stalls 32 gets of 1 MiB chunks while a put and cancellations go on. */
async function stallWire(generation: Generation): Promise<void> {
  const host = await RawHost.initialised(generation);
  const { log, plugin } = host.running;
  const put = await host.open("Put", storeRequests[generation]);
  const gets: number[] = [];
  for (let i = 0; i < 32; i += 1) gets.push(await host.open("Get", storeRequests[generation], END_STREAM));
  await host.until(() => gets.every((get) => host.stream(get).data.length > 0));
  plugin.transport.pause();
  for (let i = 0; i < 20; i += 1) await host.send(frame(type.data, 0, put, message(contents[generation])));
  for (const get of gets.slice(0, 16)) await host.send(reset(get));
  for (let i = 0; i < 100; i += 1) await host.send(frame(type.ping, 0, 0, Buffer.alloc(8)));
  await setTimeout(STALL_MS / 3);
  const before = given(log);
  await setTimeout((2 * STALL_MS) / 3);
  // The author is no longer asked for chunks.
  expect(given(log)).toBe(before);
  // The cancelled gets were aborted although the plugin could not write.
  expect(log.lines("get aborted")).toHaveLength(16);
  plugin.transport.resume();
  await host.until(() => host.count(type.ping) === 100);
  await log.waitFor(`giving ${before + 64} MiB`);
  await host.send(Buffer.concat(gets.slice(16).map(reset)));
  await host.send(frame(type.data, END_STREAM, put));
  process.kill(plugin.pid, "SIGUSR2");
  await host.until(() => host.stream(put).ended);
  expect(await host.mode()).toBe(6);
  expect(await host.running.stop()).toEqual({ code: 0, signal: null });
  await log.waitFor("peak");
  expect(log.lines("stored")).toEqual(["stored packfile: 200000"]);
  expect(log.lines("get aborted")).toHaveLength(32);
  expect(log.lines("clos")).toEqual(["closing", "closed"]);
  expect(log.lines("storage: ")).toEqual([]);
  expect(Number(log.lines("peak")[0]?.split(" ")[1])).toBeLessThan(MAX_PEAK);
}

/** Stalls 1,000 gets that arrive at once: after 64 MiB, the others get no chunk until the host reads. */
async function stallFlood(generation: Generation): Promise<void> {
  const host = await RawHost.initialised(generation);
  const { log, plugin } = host.running;
  plugin.transport.pause();
  const gets = host.nextStreams(1000);
  const request = message(storeRequests[generation]);
  await host.send(
    Buffer.concat(gets.flatMap((get) => [host.call(get, "Get"), frame(type.data, END_STREAM, get, request)])),
  );
  await setTimeout(STALL_MS);
  expect(given(log)).toBeLessThanOrEqual(96);
  plugin.transport.resume();
  const waiting = new Set(gets);
  const hasData = (get: number): boolean => host.stream(get).data.length > 0;
  while (waiting.size > 0) {
    await host.until(() => [...waiting].some(hasData));
    const ended = [...waiting].filter(hasData);
    for (const get of ended) waiting.delete(get);
    // The connection's window would not be enough for calls that never end.
    await host.send(Buffer.concat(ended.map(reset)));
  }
  expect(await host.running.stop()).toEqual({ code: 0, signal: null });
  await log.waitFor("peak");
  expect(log.lines("get aborted")).toHaveLength(1000);
}

/** Stalls in the middle of 24 MiB of content and expects identical bytes. */
async function stallContent(generation: Generation): Promise<void> {
  const { client, plugin, stop } = await startStorage(generation);
  const content = Buffer.alloc(24 * MiB);
  for (let i = 0; i < content.length; i += 4) content.writeUInt32LE((i * 2_654_435_761) >>> 0, i);
  const name = Mac.fromBytes(new Uint8Array(32).fill(1));
  await client.put("packfile", name, content);
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.get("packfile", name)) {
    chunks.push(chunk);
    if (chunks.length > 1) continue;
    plugin.transport.pause();
    await setTimeout(STALL_MS);
    plugin.transport.resume();
  }
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  expect(await stop()).toEqual({ code: 0, signal: null });
}

describe("a host that stops reading for 30 s", () => {
  it("gets the rest of everything when it reads again", async () => {
    await Promise.all(
      generations.flatMap((generation) => [stallWire(generation), stallFlood(generation), stallContent(generation)]),
    );
  }, 240_000);
});
