import { create, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { Mac, type ByteSource } from "@kloset/model";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { sizeOf } from "./operations.js";
import { modeOf, StoreSession } from "./session.js";
import type { ResourceContext } from "./store.js";
import { deferred, settled } from "@kloset/test-support";
import { clientV1_0, clientV1_1, INIT } from "./testing/hosts.js";
import { macOf, MemoryStore, nineteen, withMethods } from "./testing/memory-store.js";
import { storeV1_0 } from "./v1_0.js";
import { storeV1_1 } from "./v1_1.js";

const LIMIT = 4 * 1024 * 1024;
const A = macOf(1);

function listRequest(flags: number): v1_1.ListRequest {
  return fromJson(v1_1.ListRequestSchema, { type: v1_1.StorageResource.PACKFILE, flags });
}

async function* once<T>(message: T): AsyncGenerator<T, void, undefined> {
  yield message;
}

/** Creates a store that lists `count` packfiles. */
function listing(count: number): MemoryStore {
  // All bits set, so that no encoding can be shorter.
  const mac = Mac.fromBytes(new Uint8Array(32).fill(0xff));
  return withMethods(new MemoryStore(), {
    *list() {
      for (let i = 0; i < count; i++) yield mac;
    },
  });
}

describe("listings", () => {
  const sizeV1_0 = async (count: number): Promise<number> => {
    const client = clientV1_0(() => listing(count));
    await client.init(INIT);
    const answer = await client.getPackfiles({});
    expect(answer.macs).toHaveLength(count);
    return toBinary(v1_0.GetPackfilesResponseSchema, answer).length;
  };
  const sizeV1_1 = async (count: number): Promise<number> => {
    const client = clientV1_1(() => listing(count));
    await client.init(INIT);
    const answer = await client.list({ type: v1_1.StorageResource.PACKFILE });
    expect(answer.macs).toHaveLength(count);
    return toBinary(v1_1.ListResponseSchema, answer).length;
  };

  it.each([
    ["v1.0", 116_508, 36, sizeV1_0],
    ["v1.1", 123_361, 34, sizeV1_1],
  ])(
    "fit into one message of %s up to %d MACs, and report the count beyond that",
    async (_, most, bytesPerMac, sizeOf) => {
      const size = await sizeOf(most);
      expect(size).toBeLessThanOrEqual(LIMIT);
      expect(size + bytesPerMac).toBeGreaterThan(LIMIT);
      await expect(sizeOf(most + 7)).rejects.toEqual(
        expect.objectContaining({
          code: Code.ResourceExhausted,
          rawMessage:
            `there are ${most + 7} packfiles, and hosts accept a listing of ${most} at most: ` +
            "a listing is a single message of at most 4194304 bytes",
        }),
      );
    },
  );
});

describe("storage resources of v1.1", () => {
  const resources = [
    [v1_1.StorageResource.PACKFILE, "packfile"],
    [v1_1.StorageResource.STATE, "state"],
    [v1_1.StorageResource.LOCK, "lock"],
    [v1_1.StorageResource.ECC_PACKFILE, "ecc-packfile"],
    [v1_1.StorageResource.ECC_STATE, "ecc-state"],
  ] as const;

  it.each(resources)("maps type %d to %s for stores with four functions", async (type, kind) => {
    const store = new MemoryStore();
    const client = clientV1_1(() => store);
    await client.init(INIT);
    async function* messages() {
      yield { mac: A.bytes, type };
      // Type and MAC are read only from the first message.
      yield { chunk: Buffer.from("0123"), type: v1_1.StorageResource.UNDEFINED };
    }
    await client.put(messages());
    expect([...store.kept.keys()]).toEqual([`${kind} ${A.hex}`]);
    expect((await client.list({ type })).macs).toHaveLength(1);
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of client.get({ mac: A.bytes, type, range: { offset: 1n, length: 2 } }))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("12");
    await client.delete({ mac: A.bytes, type });
    expect(store.kept.size).toBe(0);
  });

  it.each([0, 6, -1])("rejects the unknown type %d", async (number) => {
    // Newer hosts may send other numbers: the enum is open.
    const { type } = fromJson(v1_1.ListRequestSchema, { type: number });
    const store = new MemoryStore();
    const client = clientV1_1(() => store);
    await client.init(INIT);
    let sent = false;
    async function* messages() {
      yield { mac: A.bytes, type };
      yield { chunk: Buffer.from("x") };
      sent = true;
    }
    const rejected = (rpc: string) =>
      expect.objectContaining({
        code: Code.InvalidArgument,
        rawMessage: `${rpc}: there is no storage resource of type ${number}`,
      });
    await expect(client.list({ type })).rejects.toEqual(rejected("List"));
    await expect(client.put(messages())).rejects.toEqual(rejected("Put"));
    expect(sent).toBe(true);
    await expect(client.get({ mac: A.bytes, type })[Symbol.asyncIterator]().next()).rejects.toEqual(rejected("Get"));
    await expect(client.delete({ mac: A.bytes, type })).rejects.toEqual(rejected("Delete"));
    expect(store.calls).toEqual([]);
  });

  it.each([
    [0, false],
    [1, true],
    [2, false],
    [3, true],
    // More than 31 bits are negative in an enumeration.
    [0x8000_0001 | 0, true],
    [0x8000_0000 | 0, false],
  ])("reads the flags %d as a set of bits: hot is %p, and unknown bits are no error", async (number, hot) => {
    const type = v1_1.StorageResource.PACKFILE;
    const { flags } = fromBinary(v1_1.ListRequestSchema, toBinary(v1_1.ListRequestSchema, listRequest(number)));
    for (const shape of [(store: MemoryStore) => store, nineteen]) {
      const seen: string[] = [];
      const store = new MemoryStore();
      const watched = (name: "list" | "put" | "get" | "delete") => {
        const call = store[name].bind(store) as (...args: unknown[]) => unknown;
        return (...args: unknown[]): unknown => {
          seen.push(`${name} ${String((args.at(-1) as ResourceContext).hot)}`);
          return call(...args);
        };
      };
      const methods = { list: watched("list"), put: watched("put"), get: watched("get"), delete: watched("delete") };
      const client = clientV1_1(() => shape(withMethods(store, methods as Partial<MemoryStore>)));
      await client.init(INIT);
      await client.put(once({ mac: A.bytes, type, flags, chunk: Buffer.from("0123") }));
      await client.list({ type, flags });
      for (const range of [undefined, { offset: 1n, length: 2 }]) {
        const chunks = client.get({ mac: A.bytes, type, flags, ...(range !== undefined && { range }) });
        for await (const { chunk } of chunks) expect(chunk).not.toHaveLength(0);
      }
      await client.delete({ mac: A.bytes, type, flags });
      expect(seen).toEqual(["put", "list", "get", "get", "delete"].map((name) => `${name} ${hot}`));
    }
  });

  it("serves eight ranges of 4 MiB at once, reading no further ahead than the host", async () => {
    const length = LIMIT;
    const bytes = Buffer.alloc(
      9 * length,
      Uint8Array.from({ length: 251 }, (_, index) => index),
    );
    let read = 0;
    const store = withMethods(new MemoryStore(), {
      get: async function* (_kind, _mac, { range }) {
        const { offset, length: wanted } = range ?? { offset: 0, length: 0 };
        for (let at = 0; at < wanted; at += 65_536) {
          read++;
          yield bytes.subarray(offset + at, offset + at + 65_536);
          await settled();
        }
      },
    });
    const service = storeV1_1(() => store, new StoreSession());
    const context = { signal: new AbortController().signal } as HandlerContext;
    await service.init(create(v1_1.InitRequestSchema, INIT), context);
    const type = v1_1.StorageResource.PACKFILE;
    const ranges = Array.from({ length: 8 }, (_, index) => {
      const range = { offset: BigInt(index * length + 17), length };
      return service.get(create(v1_1.GetRequestSchema, { mac: A.bytes, type, range }), context)[Symbol.asyncIterator]();
    });
    const firsts = await Promise.all(ranges.map((range) => range.next()));
    await settled();
    // Chunks of at most 1 MiB: the author is not asked for the rest of a range that the host does not read.
    expect(read).toBeLessThanOrEqual(8 * (16 + 16));
    await Promise.all(
      ranges.map(async (range, index) => {
        const chunks: Uint8Array[] = [];
        for (let step = firsts[index]; step?.done === false; step = await range.next()) {
          const { chunk } = step.value as { chunk: Uint8Array };
          expect(chunk.length).toBeLessThanOrEqual(1024 * 1024);
          chunks.push(Uint8Array.from(chunk));
        }
        const start = index * length + 17;
        expect(Buffer.concat(chunks).equals(bytes.subarray(start, start + length))).toBe(true);
      }),
    );
  });

  it("passes on an error from the store's ping, and succeeds without that method", async () => {
    const client = clientV1_1(() => new MemoryStore());
    await expect(client.ping({})).rejects.toEqual(
      expect.objectContaining({ code: Code.FailedPrecondition, rawMessage: "store.Store/Ping was called before Init" }),
    );
    await client.init(INIT);
    await expect(client.ping({})).resolves.toBeDefined();
    const down = clientV1_1(() =>
      withMethods(new MemoryStore(), {
        ping: () => {
          throw new Error("down");
        },
      }),
    );
    await down.init(INIT);
    await expect(down.ping({})).rejects.toEqual(expect.objectContaining({ code: Code.Unknown, rawMessage: "down" }));
  });
});

describe("a call cancelled by the host", () => {
  const contextWith = (signal: AbortSignal): HandlerContext => ({ signal }) as HandlerContext;

  it.each(["v1.0", "v1.1"])("ends a pending Put of %s and makes the author's data throw", async (generation) => {
    const controller = new AbortController();
    const context = contextWith(controller.signal);
    const seen = deferred<unknown>();
    const store = withMethods(new MemoryStore(), {
      put: async (_, __, data) => {
        try {
          for await (const chunk of data) expect(chunk).toHaveLength(1);
        } catch (error) {
          seen.resolve(error);
          throw error;
        }
      },
    });
    async function* messages<M>(...first: readonly M[]): AsyncGenerator<M, void, undefined> {
      yield* first;
      await new Promise(() => undefined);
    }
    let putting: Promise<unknown>;
    const chunk = Uint8Array.of(1);
    if (generation === "v1.0") {
      const service = storeV1_0(() => store, new StoreSession());
      await service.init(create(v1_0.InitRequestSchema, INIT), context);
      const message = create(v1_0.PutStateRequestSchema, { mac: { value: A.bytes }, chunk });
      putting = Promise.resolve(service.putState(messages(message), context));
    } else {
      const service = storeV1_1(() => store, new StoreSession());
      await service.init(create(v1_1.InitRequestSchema, INIT), context);
      const message = create(v1_1.PutRequestSchema, { mac: A.bytes, type: v1_1.StorageResource.STATE, chunk });
      putting = Promise.resolve(service.put(messages(message), context));
    }
    await settled();
    controller.abort(new Error("the host has gone"));
    await expect(putting).rejects.toThrow("the host has gone");
    expect(await seen.promise).toEqual(new Error("the host has gone"));
  });

  it("ends a Get and the author's source", async () => {
    const controller = new AbortController();
    const stopped = deferred();
    const signals: AbortSignal[] = [];
    const store = withMethods(new MemoryStore(), {
      get: (_, __, { signal }) => {
        signals.push(signal);
        return (async function* () {
          try {
            for (;;) yield Uint8Array.of(1);
          } finally {
            stopped.resolve();
          }
        })();
      },
    });
    const session = new StoreSession();
    const service = storeV1_1(() => store, session);
    const context = contextWith(controller.signal);
    await service.init(create(v1_1.InitRequestSchema, INIT), context);
    const request = create(v1_1.GetRequestSchema, { mac: A.bytes, type: v1_1.StorageResource.STATE });
    const chunks = service.get(request, context)[Symbol.asyncIterator]();
    await chunks.next();
    controller.abort(new Error("the host has gone"));
    await expect(chunks.next()).rejects.toMatchObject({ code: Code.Canceled, rawMessage: "the host has gone" });
    await stopped.promise;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    // No call is in flight, so Close does not wait.
    await session.close("store.Store/Close");
    expect(store.closed).toBe(1);
  });

  it.each([
    ["the whole", undefined],
    ["a part", { offset: 1n, length: 2 }],
  ])("ends a Get of %s that the store has not answered, and closes the late result", async (_, range) => {
    const controller = new AbortController();
    const answer = deferred<ByteSource>();
    const asked = deferred();
    const closed = deferred();
    const store = nineteen(
      withMethods(new MemoryStore(), {
        get: () => {
          asked.resolve();
          return answer.promise;
        },
      }),
    );
    const service = storeV1_1(() => store, new StoreSession());
    const context = contextWith(controller.signal);
    await service.init(create(v1_1.InitRequestSchema, INIT), context);
    const type = v1_1.StorageResource.STATE;
    const request = create(v1_1.GetRequestSchema, { mac: A.bytes, type, ...(range !== undefined && { range }) });
    const first = service.get(request, context)[Symbol.asyncIterator]().next();
    await asked.promise;
    controller.abort(new Error("the host has gone"));
    await expect(first).rejects.toMatchObject({ code: Code.Canceled, rawMessage: "the host has gone" });
    answer.resolve({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("unexpected read")),
        return: () => {
          closed.resolve();
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    });
    await closed.promise;
  });

  it.each(["v1.0", "v1.1"])("aborts the signals of a pending List, Put and Delete of %s", async (generation) => {
    const controller = new AbortController();
    const context = contextWith(controller.signal);
    const begun: string[] = [];
    const untilAborted = (name: string, { signal }: ResourceContext): Promise<never> =>
      new Promise((_, reject) => {
        begun.push(name);
        signal.addEventListener("abort", () => {
          reject(new Error(`${name}: ${(signal.reason as Error).message}`));
        });
      });
    const store = withMethods(new MemoryStore(), {
      list: (_, own) => untilAborted("list", own),
      put: (_, __, ___, own) => untilAborted("put", own),
      delete: (_, __, own) => untilAborted("delete", own),
    });
    async function* messages<M>(message: M): AsyncGenerator<M, void, undefined> {
      yield message;
      await new Promise(() => undefined);
    }
    let calls: unknown[];
    if (generation === "v1.0") {
      const service = storeV1_0(() => nineteen(store), new StoreSession());
      await service.init(create(v1_0.InitRequestSchema, INIT), context);
      const mac = { value: A.bytes };
      calls = [
        service.getStates(create(v1_0.GetStatesRequestSchema), context),
        service.putState(messages(create(v1_0.PutStateRequestSchema, { mac })), context),
        service.deleteState(create(v1_0.DeleteStateRequestSchema, { mac }), context),
      ];
    } else {
      const service = storeV1_1(() => store, new StoreSession());
      await service.init(create(v1_1.InitRequestSchema, INIT), context);
      const resource = { mac: A.bytes, type: v1_1.StorageResource.STATE };
      calls = [
        service.list(create(v1_1.ListRequestSchema, { type: resource.type }), context),
        service.put(messages(create(v1_1.PutRequestSchema, resource)), context),
        service.delete(create(v1_1.DeleteRequestSchema, resource), context),
      ];
    }
    const outcomes = Promise.allSettled(calls);
    await settled();
    expect([...begun].sort()).toEqual(["delete", "list", "put"]);
    controller.abort(new Error("the host has gone"));
    const reasons = (await outcomes).map(
      (outcome) => outcome.status === "rejected" && (outcome.reason as Error).message,
    );
    expect(reasons).toEqual([
      expect.stringContaining("the host has gone"),
      expect.stringContaining("put: the host has gone"),
      expect.stringContaining("delete: the host has gone"),
    ]);
  });

  it("does not abort the signal of a completed Get", async () => {
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const store = withMethods(new MemoryStore(), {
      get: (_, __, { signal }) => {
        signals.push(signal);
        return Uint8Array.of(1);
      },
    });
    const service = storeV1_1(() => store, new StoreSession());
    const context = contextWith(controller.signal);
    await service.init(create(v1_1.InitRequestSchema, INIT), context);
    const request = create(v1_1.GetRequestSchema, { mac: A.bytes, type: v1_1.StorageResource.STATE });
    for await (const { chunk } of service.get(request, context)) expect(chunk).toHaveLength(1);
    controller.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("ends the author's source if the server stops reading a Get", async () => {
    const stopped = deferred();
    const store = withMethods(new MemoryStore(), {
      get: async function* () {
        try {
          for (;;) yield Uint8Array.of(1);
        } finally {
          stopped.resolve();
        }
      },
    });
    const service = storeV1_1(() => store, new StoreSession());
    const context = contextWith(new AbortController().signal);
    await service.init(create(v1_1.InitRequestSchema, INIT), context);
    const request = create(v1_1.GetRequestSchema, { mac: A.bytes, type: v1_1.StorageResource.STATE });
    const chunks = service.get(request, context)[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.return?.();
    await stopped.promise;
    await Promise.resolve(service.close(create(v1_1.CloseRequestSchema), context));
    expect(store.closed).toBe(1);
  });
});

describe("the numbers of a store", () => {
  it.each([
    ["a text", "9", 'size() returned "9": bytes, or -1 for unknown, are needed'],
    ["a number below -1", -2, "size() returned -2: bytes, or -1 for unknown, are needed"],
  ])("rejects a size that is %s", (_name, size, message) => {
    expect(() => sizeOf(size)).toThrow(new TypeError(message));
  });

  it.each([
    ["a text", "read", 'mode() returned "read": bits of StoreMode are needed'],
    ["negative", -1, "mode() returned -1: bits of StoreMode are needed"],
  ])("rejects a mode that is %s", (_name, mode, message) => {
    expect(() => modeOf(mode)).toThrow(new TypeError(message));
  });
});
