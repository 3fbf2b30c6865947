/** Connections with `@grpc/grpc-js`, and the generation that plugins choose for it. */
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { exporter, importer, store } from "@kloset/protocol/v1.1";
import { contentOfLength, digestOf, piecesOf } from "./testing/content.js";
import { endFixturesAfterEach } from "./testing/fixture.js";
import { FrameReader, type Frame } from "./testing/frames.js";
import {
  allOf,
  authorError,
  closeClientsAfterEach,
  contentOf,
  initRequest,
  messagesOf,
  sendAll,
  startForGrpcJs,
  type ContentCall,
  type GrpcJsOptions,
} from "./testing/grpc-js.js";
import type { GrpcJsClient } from "./testing/grpc-js-client.js";

endFixturesAfterEach();
closeClientsAfterEach();

const MiB = 1024 * 1024;
const Status = { CANCELLED: 1, DEADLINE_EXCEEDED: 4, UNIMPLEMENTED: 12 } as const;
const FrameType = { ping: 6, goaway: 7 } as const;
const ACK = 1;
/** First bytes of MACs that make the fixture wait or never end. */
const Fault = { endless: 0xe7, waitsForSignal: 0xe9 } as const;

function resourceOf(first: number): { mac: Uint8Array; type: store.StorageResource } {
  return { mac: new Uint8Array(32).fill(first), type: store.StorageResource.PACKFILE };
}

/** Makes enough round trips for a plugin without back-pressure to send or read too much. */
async function roundTrips(client: GrpcJsClient): Promise<void> {
  for (let i = 0; i < 200; i += 1) await client.unary(store.Store.method.mode, {});
}

/** Reads a number of bytes from a stream and leaves it open. */
async function takeBytes(call: ContentCall, bytes: number): Promise<void> {
  let left = bytes;
  for await (const { chunk } of messagesOf(call)) {
    left -= chunk.length;
    if (left <= 0) return;
  }
  throw new Error(`the stream ended ${left} bytes early`);
}

describe("the generation served to grpc-js", () => {
  it.each<[string, GrpcJsOptions, "v1.0" | "v1.1"]>([
    ["is v1.1 by default", {}, "v1.1"],
    ["is v1.0 by KLOSET_GENERATION", { env: { KLOSET_GENERATION: "v1.0" } }, "v1.0"],
    ["is v1.0 by an argument", { args: ["--generation=v1.0"] }, "v1.0"],
    ["is v1.0 by an option of the author", { run: { generation: "v1.0" } }, "v1.0"],
    [
      "is v1.0 for the user agent of an old grpc-go",
      { channel: { "grpc.primary_user_agent": "grpc-go/1.77.0" } },
      "v1.0",
    ],
    [
      "is v1.1 for the user agent of a new grpc-go",
      { channel: { "grpc.primary_user_agent": "grpc-go/1.81.1" } },
      "v1.1",
    ],
  ])("%s", async (_, options, generation) => {
    const { client } = await startForGrpcJs(options);
    await client.unary(importer.Importer.method.init, initRequest);
    const calls = {
      "v1.0": () => client.unary(v1_0.Importer.method.info, {}),
      "v1.1": () => client.unary(importer.Importer.method.ping, {}),
    };
    const other = generation === "v1.0" ? "v1.1" : "v1.0";
    await calls[generation]();
    await expect(calls[other]()).rejects.toMatchObject({
      code: Status.UNIMPLEMENTED,
      details: expect.stringMatching(/^unknown method/),
    });
  });
});

describe("a connection with grpc-js", () => {
  it("carries 50 calls at once without mixing their content", async () => {
    const { client } = await startForGrpcJs();
    const { method } = store.Store;
    await client.unary(method.init, initRequest);
    const resources = Array.from({ length: 50 }, (_, i) => ({
      ...resourceOf(i + 1),
      content: contentOfLength(300_000 + i, i + 1),
    }));
    await Promise.all(
      resources.map(async ({ mac, type, content }) => {
        const { requests, response } = client.clientStream(method.put);
        await sendAll(requests, [{ mac, type }, ...piecesOf(content, 10_000).map((chunk) => ({ chunk }))]);
        await response;
      }),
    );
    const read = await Promise.all(
      resources.map(async ({ mac, type }) => digestOf(await contentOf(client.serverStream(method.get, { mac, type })))),
    );
    expect(read).toEqual(resources.map(({ content }) => digestOf(content)));
  });

  it("holds back a plugin whose content is not read, while other calls go on", async () => {
    const { client, bridge, log } = await startForGrpcJs();
    await client.unary(store.Store.method.init, initRequest);
    const get = (): ContentCall => client.serverStream(store.Store.method.get, resourceOf(Fault.endless));
    const unread = get();
    await once(unread, "readable");
    await roundTrips(client);
    // grpc-js reads 16 messages of 64 KiB ahead; HTTP/2 and the plugin add a window each.
    expect(bridge.fromPlugin).toBeLessThan(4 * MiB);
    unread.cancel();
    await expect(allOf(unread)).rejects.toMatchObject({ code: Status.CANCELLED });
    await log.waitFor("get ended after");
    const taken = Number(/get ended after (\d+)/.exec(log.text)?.[1]);
    expect(taken).toBeLessThan(4 * MiB);

    const read = get();
    await once(read, "readable");
    await roundTrips(client);
    await takeBytes(read, 16 * MiB);
    read.cancel();
    await expect(allOf(read)).rejects.toMatchObject({ code: Status.CANCELLED });
  });

  it("is held back by an author that does not read, while other calls go on", async () => {
    const { client, bridge, log, plugin } = await startForGrpcJs();
    const { method } = store.Store;
    await client.unary(method.init, initRequest);
    const content = contentOfLength(32 * MiB);
    const resource = resourceOf(Fault.waitsForSignal);
    const { requests, response } = client.clientStream(method.put);
    const written = sendAll(requests, [resource, ...piecesOf(content).map((chunk) => ({ chunk }))]);
    await log.waitFor("storing");
    await roundTrips(client);
    // A window of 4 MiB plus buffers.
    expect(bridge.toPlugin).toBeLessThan(12 * MiB);
    process.kill(plugin.pid, "SIGUSR2");
    await written;
    expect((await response).bytesWritten).toBe(BigInt(content.length));
    expect(digestOf(await contentOf(client.serverStream(method.get, resource)))).toBe(digestOf(content));
  });

  it("ends a call at its deadline and aborts the author's signal", async () => {
    const { client, log } = await startForGrpcJs();
    const { method } = importer.Importer;
    await client.unary(method.init, initRequest);
    const scan = client.bidi(method.import);
    for await (const { finished } of messagesOf(scan)) if (finished) break;
    // On a busy machine, a short deadline may pass before the author's code has begun.
    let read = 0;
    for (let ms = 250; read === 0; ms *= 2) {
      const call = client.serverStream(method.open, { record: { pathname: "/waits" } }, { deadline: Date.now() + ms });
      const reading = (async () => {
        for await (const { chunk } of messagesOf(call)) read += chunk.length;
      })();
      await expect(reading).rejects.toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    }
    await log.waitFor("waits aborted: ");
    await client.unary(method.ping, {});
    scan.cancel();
    await expect(allOf(scan)).rejects.toMatchObject({ code: Status.CANCELLED });
  });

  it("answers keepalive PINGs with and without running calls", async () => {
    const frames = { toPlugin: new FrameReader(24), fromPlugin: new FrameReader(0) };
    const channel = {
      "grpc.keepalive_time_ms": 20,
      "grpc.keepalive_timeout_ms": 60_000,
      "grpc.keepalive_permit_without_calls": 1,
    };
    const answers = (): number =>
      frames.fromPlugin.frames.filter(({ type, flags }) => type === FrameType.ping && flags === ACK).length;
    let look: () => void = () => undefined;
    const { client } = await startForGrpcJs({
      channel,
      watch: (direction, bytes) => {
        frames[direction].push(bytes);
        look();
      },
    });
    const answered = (count: number): Promise<void> =>
      new Promise((resolve) => {
        look = () => {
          if (answers() >= count) resolve();
        };
        look();
      });
    await client.unary(store.Store.method.init, initRequest);
    await answered(5);
    const call = client.serverStream(store.Store.method.get, resourceOf(Fault.endless));
    await once(call, "readable");
    await answered(answers() + 5);
    call.cancel();
    await expect(allOf(call)).rejects.toMatchObject({ code: Status.CANCELLED });
    await roundTrips(client);
  });

  it.each(["idle", "during a call"])("ends cleanly when the channel is closed with a GOAWAY, %s", async (when) => {
    const frames = { toPlugin: new FrameReader(24), fromPlugin: new FrameReader(0) };
    const { client, log, plugin, stop } = await startForGrpcJs({
      watch: (direction, bytes) => {
        frames[direction].push(bytes);
      },
    });
    await client.unary(store.Store.method.init, initRequest);
    let ended: Promise<unknown> = Promise.resolve();
    if (when !== "idle") {
      const call = client.serverStream(store.Store.method.get, resourceOf(Fault.endless));
      await takeBytes(call, MiB);
      ended = expect(allOf(call)).rejects.toMatchObject({ code: Status.CANCELLED });
      client.close();
      call.cancel();
    }
    client.close();
    await ended;
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    // Waits for the end of the log.
    await stop();
    const isGoaway = ({ type }: Frame): boolean => type === FrameType.goaway;
    expect(frames.toPlugin.frames.some(isGoaway)).toBe(true);
    expect(frames.fromPlugin.frames.some(isGoaway)).toBe(false);
    expect(log.lines("closed")).toEqual(["closed"]);
    expect(log.text).not.toMatch(/error/i);
  });

  it("reports a throwing constructor, an unknown call and a call before Init, and goes on", async () => {
    const { client } = await startForGrpcJs();
    await expect(client.unary(exporter.Exporter.method.ping, {})).rejects.toMatchObject({ code: 9 });
    const refused = client.unary(store.Store.method.init, {
      ...initRequest,
      config: { ...initRequest.config, constructs: "throws" },
    });
    await expect(refused).rejects.toMatchObject(authorError);
    const unknown = { ...store.Store.method.ping, name: "No%Such" };
    const details: unknown = expect.stringContaining("No%Such");
    await expect(client.unary(unknown, {})).rejects.toMatchObject({ code: Status.UNIMPLEMENTED, details });
    await client.unary(store.Store.method.init, initRequest);
  });
});
