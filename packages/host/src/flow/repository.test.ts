import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { openStorage } from "../open.js";
import { serve } from "../testing/serve.js";
import { lockRepository, openRepository, readBlobs, syncStates, type Take } from "./repository.js";

const location = { location: "test:///srv" };
const mac = (digit: string): Mac => Mac.fromHex(digit.repeat(64));
const [a, b] = [mac("a"), mac("b")];

/** Records each resource as "<kind> <first digit of its MAC> <bytes>". */
function taker(): { taken: string[]; take: Take } {
  const taken: string[] = [];
  return {
    taken,
    async take({ kind, mac: { hex } }, content) {
      let bytes = 0;
      for await (const chunk of content) bytes += chunk.length;
      taken.push(`${kind} ${hex.slice(0, 1)} ${bytes}`);
    },
  };
}

function plugin(calls: string[]): Parameters<typeof serve<typeof v1_1.Store>>[2] {
  return {
    init: () => ({}),
    mode: () => ({ mode: 2 }),
    list: ({ type }) => ({ macs: type === v1_1.StorageResource.LOCK ? [a.bytes, b.bytes] : [b.bytes] }),
    async put(requests) {
      for await (const { mac: name } of requests) if (name.length > 0) calls.push("put");
      return {};
    },
    async *get({ mac: name, range }) {
      calls.push(`get ${Buffer.from(name).toString("hex", 0, 1)}`);
      yield { chunk: new Uint8Array(range?.length ?? 3) };
    },
    delete: ({ mac: name }) => {
      calls.push(`delete ${Buffer.from(name).toString("hex", 0, 1)}`);
      return {};
    },
  };
}

describe("locks", () => {
  const lock = { mac: a, read: () => Buffer.from("lock") };

  it("are all read, or only those of others for exclusive access", async () => {
    const calls: string[] = [];
    const { connection } = await serve("v1.1", v1_1.Store, plugin(calls));
    const storage = await openStorage(connection, location);
    await lockRepository(storage, lock);
    await lockRepository(storage, lock, { exclusive: true });
    expect(calls).toEqual(["put", "get aa", "get bb", "put", "get bb"]);
    connection.close();
  });

  it("are released if another lock conflicts", async () => {
    const calls: string[] = [];
    const { connection } = await serve("v1.1", v1_1.Store, plugin(calls));
    const take: Take = async (wanted, content) => {
      await taker().take(wanted, content);
      if (wanted.mac.equals(b)) throw new Error("locked by maintenance");
    };
    const locking = lockRepository(await openStorage(connection, location), lock, { take });
    await expect(locking).rejects.toThrow("locked by maintenance");
    expect(calls).toEqual(["put", "get aa", "get bb", "delete aa"]);
    connection.close();
  });
});

describe("states", () => {
  it("are read unless they are cached", async () => {
    const { connection } = await serve("v1.1", v1_1.Store, plugin([]));
    const storage = await openStorage(connection, location);
    const { taken, take } = taker();
    expect(await syncStates(storage, { take })).toEqual([b]);
    expect(taken).toEqual(["state b 3"]);
    await syncStates(storage, { take, isKnown: (state) => state.equals(b) });
    expect(taken).toHaveLength(1);
    connection.close();
  });
});

describe("blobs", () => {
  it("cannot be read without the read bit", async () => {
    const { connection } = await serve("v1.1", v1_1.Store, plugin([]));
    const reading = readBlobs(await openStorage(connection, location), [], taker().take);
    await expect(reading).rejects.toThrow("the store cannot be read: its mode 2 lacks the read bit (4)");
    connection.close();
  });

  it("are read concurrently, each once", async () => {
    const { connection } = await serve("v1.1", v1_1.Store, { ...plugin([]), mode: () => ({ mode: 6 }) });
    const { taken, take } = taker();
    const wanted = Array.from({ length: 9 }, (_, i) => ({
      kind: "packfile" as const,
      mac: mac(String(i)),
      range: { offset: 0, length: i },
    }));
    await readBlobs(await openStorage(connection, location), wanted, take, { maxConcurrency: 4 });
    expect(taken.sort()).toEqual(wanted.map((_, i) => `packfile ${i} ${i}`));
    connection.close();
  });
});

describe("v1.0", () => {
  it("sends its cookie with every call, and has three kinds of resources", async () => {
    const cookies = new Set<string>();
    const seen = <T>({ cookie }: { cookie: string }, answer: T): T => {
      cookies.add(cookie);
      return answer;
    };
    const { connection } = await serve("v1.0", v1_0.Store, {
      init: () => ({ cookie: "c1" }),
      open: (request) => seen(request, { config: Buffer.from("config") }),
      getLocation: (request) => seen(request, { location: "here" }),
      getStates: (request) => seen(request, { macs: [] }),
      getSize: (request) => seen(request, { size: -1n }),
      getMode: (request) => seen(request, { mode: 6 }),
      close: (request) => seen(request, {}),
      async putState(requests) {
        let bytes = 0;
        for await (const request of requests) bytes += seen(request, request.chunk.length);
        return { bytesWritten: BigInt(bytes) };
      },
      async *getState(request) {
        yield seen(request, { chunk: new Uint8Array(7) });
      },
      deleteState: (request) => seen(request, {}),
    });
    const storage = await openStorage(connection, location);
    expect(Buffer.from(await openRepository(storage)).toString()).toBe("config");
    expect(await storage.identity()).toEqual({ origin: "", type: "", root: "here", flags: 0 });
    expect(await storage.size()).toBe(-1);
    expect(await storage.mode()).toBe(6);
    expect(await storage.put("state", a, Buffer.from("state"))).toBe(5);
    const { taken, take } = taker();
    await take({ kind: "state", mac: a }, storage.get("state", a));
    expect(taken).toEqual(["state a 7"]);
    await storage.delete("state", a);
    await expect(storage.list("ecc-state")).rejects.toThrow("v1.0 has no resources of kind ecc-state");
    const part = storage.get("state", a, { offset: 0, length: 1 })[Symbol.asyncIterator]();
    await expect(part.next()).rejects.toThrow("v1.0 supports ranges for packfiles only, not for a state");
    await storage.ping();
    await storage.close();
    expect([...cookies]).toEqual(["c1"]);
    connection.close();
  });
});
