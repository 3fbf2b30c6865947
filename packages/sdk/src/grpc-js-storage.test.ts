/** `@grpc/grpc-js` drives storages of both generations with every RPC, over real pipes. */
import { describe, expect, it } from "@jest/globals";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { contentOfLength, digestOf, piecesOf } from "./testing/content.js";
import { endFixturesAfterEach } from "./testing/fixture.js";
import {
  authorError,
  closeClientsAfterEach,
  contentOf,
  initRequest,
  startForGrpcJs,
  startV1_0ForGrpcJs,
  type ContentCall,
} from "./testing/grpc-js.js";
import type { Upload } from "./testing/grpc-js-client.js";

endFixturesAfterEach();
closeClientsAfterEach();

const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
/** First bytes of MACs that make the fixture fail. */
const Fault = { throws: 0xe1, breaks: 0xe2, endless: 0xe7, breaksReading: 0xe8 } as const;

const config = contentOfLength(3 * 1024 * 1024, 99);

function macOf(first: number): Uint8Array {
  return new Uint8Array(32).fill(first);
}

/** The methods of one kind of resource. */
interface Kind {
  readonly name: string;
  put(mac: Uint8Array): Upload<{ mac?: unknown; chunk?: Uint8Array }, { bytesWritten: bigint }>;
  get(mac: Uint8Array): ContentCall;
  list(): Promise<Uint8Array[]>;
  remove(mac: Uint8Array): Promise<unknown>;
}

/** Puts small, empty and large resources of all kinds at once, then gets them at once; failures name the resource. */
async function driveKinds(kinds: readonly Kind[]): Promise<void> {
  const contents = [24 * 1024 * 1024, 1, 0].map((length, i) => ({
    mac: macOf(i + 1),
    content: contentOfLength(length, i),
  }));
  for (const kind of kinds) {
    const written = await Promise.all(contents.map(({ mac, content }) => putWhole(kind, mac, content)));
    expect(written).toEqual(contents.map(({ content }) => BigInt(content.length)));
    const macs = await kind.list();
    expect(macs.map((mac) => Buffer.from(mac).toString("hex")).sort()).toEqual(
      contents.map(({ mac }) => Buffer.from(mac).toString("hex")).sort(),
    );
    const read = await Promise.all(contents.map(async ({ mac }) => digestOf(await contentOf(kind.get(mac)))));
    expect(read).toEqual(contents.map(({ content }) => digestOf(content)));

    await expect(putWhole(kind, macOf(Fault.throws), contentOfLength(5_000_000))).rejects.toMatchObject(authorError);
    await expect(putWhole(kind, macOf(Fault.breaks), contentOfLength(5_000_000))).rejects.toMatchObject(authorError);
    await expect(contentOf(kind.get(macOf(0x77)))).rejects.toMatchObject({
      code: 2,
      details: `no such ${kind.name}: ${"77".repeat(32)}`,
    });
    await expect(kind.remove(macOf(0x77))).rejects.toMatchObject({
      code: 2,
      details: `no such ${kind.name}: ${"77".repeat(32)}`,
    });
    await expect(kind.remove(new Uint8Array(31))).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringContaining("31"),
    });
    for (const { mac } of contents) await kind.remove(mac);
    expect(await kind.list()).toEqual([]);
  }
}

async function putWhole(kind: Kind, mac: Uint8Array, content: Uint8Array): Promise<bigint> {
  const { requests, response } = kind.put(mac);
  // The response has the failure; errors of later writes add nothing.
  requests.on("error", () => undefined);
  for (const chunk of piecesOf(content)) requests.write({ chunk });
  requests.end();
  return (await response).bytesWritten;
}

describe("a storage driven by grpc-js", () => {
  it("answers every RPC of v1.1", async () => {
    const { client, log, stop } = await startForGrpcJs();
    const { method } = v1_1.Store;
    await client.unary(method.init, initRequest);
    await client.unary(method.create, { config });
    expect(digestOf((await client.unary(method.open, {})).config)).toBe(digestOf(config));
    await client.unary(method.ping, {});
    expect((await client.unary(method.mode, {})).mode).toBe(6);
    expect((await client.unary(method.size, {})).size).toBe(-1n);

    const { PACKFILE, STATE, LOCK } = v1_1.StorageResource;
    const kinds = (
      [
        ["packfile", PACKFILE],
        ["state", STATE],
        ["lock", LOCK],
      ] as const
    ).map(([name, type]): Kind => ({
      name,
      put: (mac) => {
        const upload = client.clientStream(method.put);
        upload.requests.write({ mac, type });
        return upload as ReturnType<Kind["put"]>;
      },
      get: (mac) => client.serverStream(method.get, { mac, type }),
      list: async () => (await client.unary(method.list, { type })).macs,
      remove: (mac) => client.unary(method.delete, { mac, type }),
    }));
    await driveKinds(kinds);

    const content = contentOfLength(5_000_000);
    const [packfiles] = kinds;
    if (packfiles === undefined) throw new Error("unreachable: there are three kinds");
    await putWhole(packfiles, macOf(5), content);
    const range = { offset: 1_234_567n, length: 2_272_360 };
    const part = await contentOf(client.serverStream(method.get, { mac: macOf(5), type: PACKFILE, range }));
    expect(digestOf(part)).toBe(digestOf(content.subarray(1_234_567, 1_234_567 + 2_272_360)));

    await client.unary(method.close, {});
    // Hosts delete their lock after Close.
    await expect(client.unary(method.delete, { mac: macOf(9), type: LOCK })).rejects.toMatchObject({
      details: expect.stringContaining("no such lock"),
    });
    expect(client.notCalled(v1_1.Store)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("made")).toEqual(["made 1", "made 2"]);
  });

  it("answers every RPC of v1.0", async () => {
    const { client, stop } = await startV1_0ForGrpcJs();
    const { method } = v1_0.Store;
    await client.unary(method.init, initRequest);
    await client.unary(method.create, { config });
    expect(digestOf((await client.unary(method.open, {})).config)).toBe(digestOf(config));
    expect((await client.unary(method.getLocation, {})).location).toBe("faulty:///there");
    expect((await client.unary(method.getMode, {})).mode).toBe(6);
    expect((await client.unary(method.getSize, {})).size).toBe(-1n);

    const methods = [
      {
        name: "packfile",
        put: method.putPackfile,
        get: method.getPackfile,
        list: method.getPackfiles,
        remove: method.deletePackfile,
      },
      { name: "state", put: method.putState, get: method.getState, list: method.getStates, remove: method.deleteState },
      { name: "lock", put: method.putLock, get: method.getLock, list: method.getLocks, remove: method.deleteLock },
    ] as const;
    const kinds = methods.map(({ name, put, get, list, remove }): Kind => ({
      name,
      put: (value) => {
        const upload = client.clientStream<typeof put.input, typeof put.output>(put);
        upload.requests.write({ mac: { value } });
        return upload as ReturnType<Kind["put"]>;
      },
      get: (value) => client.serverStream<typeof get.input, typeof get.output>(get, { mac: { value } }),
      list: async () =>
        (await client.unary<typeof list.input, typeof list.output>(list, {})).macs.map(({ value }) => value),
      remove: (value) => client.unary<typeof remove.input, typeof remove.output>(remove, { mac: { value } }),
    }));
    await driveKinds(kinds);

    const content = contentOfLength(5_000_000);
    const [packfiles] = kinds;
    if (packfiles === undefined) throw new Error("unreachable: there are three kinds");
    await putWhole(packfiles, macOf(5), content);
    const blob = { mac: { value: macOf(5) }, offset: 1_234_567n, length: 2_272_360 };
    const part = await contentOf(client.serverStream(method.getPackfileBlob, blob));
    expect(digestOf(part)).toBe(digestOf(content.subarray(1_234_567, 1_234_567 + 2_272_360)));

    await client.unary(method.close, {});
    expect(client.notCalled(v1_0.Store)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("stores nothing of an upload that v1.1 cancels midway", async () => {
    const { client, log } = await startForGrpcJs();
    const { method } = v1_1.Store;
    await client.unary(method.init, initRequest);
    const { requests, response } = client.clientStream(method.put);
    requests.write({ mac: macOf(1), type: v1_1.StorageResource.STATE });
    requests.write({ chunk: contentOfLength(1000) });
    await log.waitFor("storing");
    requests.cancel();
    await expect(response).rejects.toMatchObject({ code: CANCELLED });
    await log.waitFor("broke off after");
    expect(await client.unary(method.list, { type: v1_1.StorageResource.STATE })).toMatchObject({ macs: [] });
  });

  it("sends the chunks before an error, then the error, on v1.1", async () => {
    const { client } = await startForGrpcJs();
    const { method } = v1_1.Store;
    await client.unary(method.init, initRequest);
    const mac = macOf(Fault.breaksReading);
    const { requests, response } = client.clientStream(method.put);
    requests.write({ mac, type: v1_1.StorageResource.STATE });
    requests.end({ chunk: contentOfLength(3_000_000) });
    await response;
    const get = client.serverStream(method.get, { mac, type: v1_1.StorageResource.STATE });
    let length = 0;
    get.on("data", ({ chunk }: { chunk: Uint8Array }) => (length += chunk.length));
    const error: unknown = await new Promise((resolve) => get.once("error", resolve));
    expect(error).toMatchObject(authorError);
    expect(length).toBe(3_000_000);
  });
});
