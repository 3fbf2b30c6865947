import type { ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { openStorage } from "../open.js";
import { serve } from "../testing/serve.js";
import type { HostName } from "../hosts.js";
import {
  lockRepository,
  openRepository,
  readBlobs,
  readFile,
  syncStates,
  writePackfiles,
  type Take,
  type Wanted,
} from "./repository.js";

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

describe("storage flags", () => {
  async function flagsSentAs(host: HostName): Promise<{ flags: Record<string, number>; config: object }> {
    const flags: Record<string, number> = {};
    let config = {};
    const { connection } = await serve(host, v1_1.Store, {
      init: (request) => {
        config = request.config;
        return {};
      },
      list: (request) => {
        flags["list"] = request.flags;
        return {};
      },
      async put(requests) {
        for await (const request of requests) flags["put"] ??= request.flags;
        return {};
      },
      async *get(request) {
        flags["get"] = request.flags;
        yield { chunk: new Uint8Array(1) };
      },
      delete: (request) => {
        flags["delete"] = request.flags;
        return {};
      },
    });
    const storage = await openStorage(connection, { ...location, config: { passphrase: "secret", region: "x" } });
    await storage.list("packfile", undefined, 1);
    // An unknown bit.
    await writePackfiles(storage, [{ mac: a, read: () => Buffer.from("pack"), flags: 9 }]);
    for await (const chunk of storage.get("packfile", a, undefined, undefined, 3)) expect(chunk).toHaveLength(1);
    await storage.delete("packfile", a, undefined, 1);
    connection.close();
    return { flags, config };
  }

  it.each(["plaklet", "kloset-1.1.4"] as const)("are sent as %s", async (host) => {
    expect((await flagsSentAs(host)).flags).toEqual({ list: 1, put: 9, get: 3, delete: 1 });
  });

  it("are not sent as Plakar 1.1", async () => {
    expect((await flagsSentAs("plakar-1.1")).flags).toEqual({ list: 0, put: 0, get: 0, delete: 0 });
  });

  it("are sent without the passphrase as plaklet", async () => {
    expect((await flagsSentAs("plaklet")).config).toEqual({ location: "test:///srv", region: "x" });
    expect((await flagsSentAs("kloset-1.1.4")).config).toMatchObject({ passphrase: "secret" });
  });
});

describe("the content of a file", () => {
  const MiB = 1024 * 1024;
  const part = (digit: string, offset: number, length: number): Wanted => ({
    kind: "packfile",
    mac: mac(digit),
    range: { offset, length },
  });

  /** Serves ranges whose bytes are the low bytes of their offsets. `release` holds back all answers. */
  /** The byte at each place is the lowest of its number. */
  const pattern = Buffer.alloc(
    6 * MiB,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );

  function ranges(calls: string[], release: Promise<void> = Promise.resolve(), bytesOf = (length: number) => length) {
    const running = { now: 0, most: 0 };
    const implementation: Partial<ServiceImpl<typeof v1_1.Store>> = {
      init: () => ({}),
      mode: () => {
        calls.push("mode");
        return { mode: 6 };
      },
      async *get({ mac: name, range }) {
        const { offset = 0n, length = 0 } = range ?? {};
        calls.push(`${Buffer.from(name).toString("hex", 0, 1)} ${offset}+${length}`);
        running.most = Math.max(running.most, ++running.now);
        if (running.now === 8) full();
        await release;
        const bytes = pattern.subarray(Number(offset) & 0xff).subarray(0, bytesOf(length));
        for (let at = 0; at < bytes.length; at += MiB) yield { chunk: bytes.subarray(at, at + MiB) };
        running.now--;
      },
    };
    let full: () => void = () => undefined;
    const filled = new Promise<void>((resolve) => {
      full = resolve;
    });
    return { implementation, running, filled };
  }

  it("is read in merged ranges of up to 4 MiB, after the mode, and each part arrives whole", async () => {
    const calls: string[] = [];
    const { connection } = await serve("kloset-1.1.4", v1_1.Store, ranges(calls).implementation);
    const parts = [
      part("a", 100, 3),
      part("a", 103, 2),
      part("a", 106, 1),
      part("b", 107, 4),
      part("b", 111, 2 * MiB),
      part("b", 111 + 2 * MiB, 2 * MiB),
      part("b", 111 + 4 * MiB, 5 * MiB),
    ];
    const contents = new Map<Wanted, Buffer>();
    const take: Take = async (wanted, content) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      contents.set(wanted, Buffer.concat(chunks));
    };
    const storage = await openStorage(connection, location);
    await readFile(storage, parts, take);
    const [last, end] = [111 + 2 * MiB, 111 + 4 * MiB];
    expect(calls[0]).toBe("mode");
    expect(calls.slice(1).sort()).toEqual(
      ["aa 100+5", "aa 106+1", `bb 107+${4 + 2 * MiB}`, `bb ${last}+${2 * MiB}`, `bb ${end}+${5 * MiB}`].sort(),
    );
    for (const wanted of parts) {
      const { offset = 0, length = 0 } = wanted.range ?? {};
      const content = contents.get(wanted);
      expect(content?.length).toBe(length);
      expect([content?.at(0), content?.at(-1)]).toEqual([offset & 0xff, (offset + length - 1) & 0xff]);
    }
    await readFile(storage, [part("a", 0, 1)], take);
    expect(calls.filter((call) => call === "mode")).toHaveLength(2);
    connection.close();
  });

  it("is read in eight ranges at once", async () => {
    let resolve: () => void = () => undefined;
    const release = new Promise<void>((done) => {
      resolve = done;
    });
    const { implementation, running, filled } = ranges([], release);
    const { connection } = await serve("plaklet", v1_1.Store, implementation);
    const parts = Array.from({ length: 20 }, (_, i) => part("a", i * 2, 1));
    const reading = readFile(await openStorage(connection, location), parts, taker().take);
    await filled;
    resolve();
    await reading;
    expect(running.most).toBe(8);
    connection.close();
  });

  it("is rejected if the store returns less than the merged range", async () => {
    const { connection } = await serve("plaklet", v1_1.Store, ranges([], undefined, (n) => n - 1).implementation);
    const reading = readFile(await openStorage(connection, location), [part("a", 7, 2), part("a", 9, 2)], taker().take);
    await expect(reading).rejects.toThrow(`packfile ${a.hex}: requested 4 bytes at 7, got 3 bytes`);
    connection.close();
  });

  it("is read part by part as Plakar 1.1", async () => {
    const calls: string[] = [];
    const { connection } = await serve("plakar-1.1", v1_1.Store, ranges(calls).implementation);
    await readFile(await openStorage(connection, location), [part("a", 7, 2), part("a", 9, 2)], taker().take);
    expect(calls).toEqual(["aa 7+2", "aa 9+2"]);
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
