import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { LocationFlag } from "@kloset/model";
import { StoreSession } from "./session.js";
import type { Store } from "./store.js";
import { deferred, settled } from "@kloset/test-support";
import { clientV1_0, clientV1_1, hostV1_0, hostV1_1, INIT } from "./testing/hosts.js";
import { macOf, MemoryStore, nineteen, withMethods } from "./testing/memory-store.js";

function failure(code: Code, rawMessage: unknown) {
  return expect.objectContaining({ code, rawMessage });
}

/** Removes the nineteen methods. */
const without = Object.fromEntries(
  ["State", "Packfile", "Lock"].flatMap((kind) =>
    [`get${kind}s`, `put${kind}`, `get${kind}`, `delete${kind}`, `get${kind}Blob`].map((name) => [name, undefined]),
  ),
);

describe("Init of a store", () => {
  it("answers v1.1 with defaults", async () => {
    const answer = await clientV1_1(() => new MemoryStore()).init(INIT);
    expect(answer).toMatchObject({ origin: "localhost", type: "memory", root: "/var/backups", flags: 0 });
  });

  it("answers v1.1 with the properties of the store", async () => {
    const store = withMethods(new MemoryStore(), {
      origin: () => "s3.example",
      type: () => Promise.resolve("s3"),
      root: () => "/bucket",
      flags: () => LocationFlag.LOCALFS | LocationFlag.FILE,
    });
    const answer = await clientV1_1(() => store).init(INIT);
    expect(answer).toMatchObject({ origin: "s3.example", type: "s3", root: "/bucket", flags: 3 });
  });

  it("returns the location to v1.0 without asking the store again", async () => {
    let asked = 0;
    const store = withMethods(new MemoryStore(), { location: () => `memory:///${asked++}` });
    const client = clientV1_0(() => store);
    await client.init(INIT);
    for (let i = 0; i < 3; i++) expect((await client.getLocation({})).location).toBe("memory:///0");
    expect(asked).toBe(1);
  });

  it("uses the whole location as root if it is only a protocol", async () => {
    const store = withMethods(new MemoryStore(), { location: () => "memory://" });
    expect((await clientV1_1(() => store).init(INIT)).root).toBe("memory://");
    const client = clientV1_0(() => store);
    await client.init(INIT);
    expect((await client.getLocation({})).location).toBe("memory://");
  });

  it.each([
    ["location", "", "location() returned an empty string: hosts would back up nothing"],
    ["location", undefined, expect.stringContaining("location() returned undefined")],
    ["root", "", "root() returned an empty string: hosts would back up nothing"],
    ["root", null, expect.stringContaining("root() returned null")],
    ["origin", 7, expect.stringContaining("origin() returned 7")],
    ["type", 7, expect.stringContaining("type() returned 7")],
    ["flags", -1, expect.stringContaining("flags() returned -1")],
    ["flags", "localfs", expect.stringContaining('flags() returned "localfs"')],
  ] as const)("fails on a %s of %p, and closes the store", async (method, value, text) => {
    for (const host of [hostV1_0, hostV1_1]) {
      const store = new MemoryStore();
      const wrong = withMethods(store, { [method]: () => value });
      await expect(host(() => wrong).init()).rejects.toEqual(failure(Code.Unknown, text));
      expect(store.closed).toBe(1);
    }
  });

  it.each<[string, (store: MemoryStore) => object, RegExp]>([
    ["mode()", (store) => withMethods(store, { mode: undefined as never }), /^the store has no mode\(\): found /],
    [
      "one of the nineteen methods",
      (store) => ({ ...nineteen(store), putLock: undefined }),
      /^the store has no putLock/,
    ],
    [
      "one of the four functions",
      (store) => withMethods(store, { get: undefined as never }),
      /^the store has no get\(\): found /,
    ],
    ["either", (store) => ({ ...nineteen(store), ...without }), /^the store has no list\(\): found .*create\(\)/],
    [
      "a function",
      (store) => withMethods(store, { ping: 1 as never }),
      /^ping of the store must be a method: found 1$/,
    ],
  ])("fails without %s, and closes the store", async (_, wrong, text) => {
    for (const host of [hostV1_0, hostV1_1]) {
      const store = new MemoryStore();
      const opening = host(() => wrong(store) as Store).init();
      await expect(opening).rejects.toEqual(failure(Code.Unknown, expect.stringMatching(text)));
      expect(store.closed).toBe(1);
    }
  });

  it("fails with its own error, not with that of the following close", async () => {
    const store = withMethods(new MemoryStore(), {
      location: () => {
        throw new Error("no such bucket");
      },
      close: () => {
        throw new Error("not open");
      },
    });
    await expect(hostV1_0(() => store).init()).rejects.toEqual(failure(Code.Unknown, "no such bucket"));
  });

  it("can be retried after a failure", async () => {
    let attempts = 0;
    const store = new MemoryStore();
    const host = hostV1_1(() => {
      if (attempts++ === 0) throw new Error("no route to host");
      return store;
    });
    await expect(host.init()).rejects.toEqual(failure(Code.Unknown, "no route to host"));
    await host.init();
    expect(await host.mode()).toBe(6);
  });

  it("rejects an object that has neither shape of a store", async () => {
    const { list, ...rest } = nineteen(new MemoryStore()) as Store & { list?: unknown };
    expect(list).toBeUndefined();
    const half: unknown = { ...rest, getStates: undefined };
    await expect(hostV1_0(() => half as Store).init()).rejects.toEqual(
      failure(Code.Unknown, expect.stringMatching(/^the store has no getStates\(\)/)),
    );
  });
});

describe.each([
  ["v1.0", hostV1_0],
  ["v1.1", hostV1_1],
])("Close of a store, %s", (_, host) => {
  const lock = macOf(1);
  const holding = (store: MemoryStore): MemoryStore => {
    store.kept.set(`lock ${lock.hex}`, Uint8Array.of(1));
    store.config = Uint8Array.of(7);
    return store;
  };

  it("passes on an error from the store's close", async () => {
    const store = new MemoryStore((call) => {
      if (call === "close") throw new Error("flush failed");
    });
    const served = host(() => store);
    await served.init();
    await expect(served.close()).rejects.toEqual(failure(Code.Unknown, "flush failed"));
  });

  it("closes the store once for repeated calls", async () => {
    const store = new MemoryStore();
    const served = host(() => store);
    await served.init();
    await Promise.all([served.close(), served.close()]);
    await served.close();
    expect(store.closed).toBe(1);
  });

  it("waits for an earlier Delete", async () => {
    const gate = deferred();
    const store = holding(new MemoryStore((call) => (call.startsWith("delete") ? gate.promise : undefined)));
    const served = host(() => store);
    await served.init();
    const deleting = served.delete("lock", lock.bytes);
    await settled();
    const closing = served.close();
    await settled();
    expect(store.closed).toBe(0);
    gate.resolve();
    await Promise.all([deleting, closing]);
    expect(store.closed).toBe(1);
    expect(store.kept.size).toBe(0);
  });

  it("serves a Delete that arrives during Close with a new store", async () => {
    const gate = deferred();
    const stores: MemoryStore[] = [];
    const session = new StoreSession();
    const served = host(() => {
      const first = stores.length === 0;
      const store = holding(new MemoryStore((call) => (first && call === "close" ? gate.promise : undefined)));
      stores.push(store);
      return store;
    }, session);
    await served.init();
    await served.open();
    const closing = served.close();
    await settled();
    const deleting = served.delete("lock", lock.bytes);
    await settled();
    // Two stores must never be open on one location.
    expect(stores).toHaveLength(1);
    gate.resolve();
    await closing;
    await deleting;
    expect(stores.map(({ calls }) => calls)).toEqual([
      ["open", "close"],
      ["open", `delete lock ${lock.hex}`],
    ]);
    await session.end();
    expect(stores.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  it("serves later calls with a new store and closes again", async () => {
    const stores: MemoryStore[] = [];
    const served = host(() => {
      const store = holding(new MemoryStore());
      stores.push(store);
      return store;
    });
    await served.init();
    await served.create(Uint8Array.of(1));
    await served.close();
    await served.delete("lock", lock.bytes);
    expect(await served.list("lock")).toEqual([]);
    await served.close();
    expect(stores.map(({ calls }) => calls)).toEqual([
      ["create", "close"],
      ["open", `delete lock ${lock.hex}`, "list lock", "close"],
    ]);
  });

  it("closes a new store that fails to open", async () => {
    const stores: MemoryStore[] = [];
    const served = host(() => {
      const store = stores.length === 0 ? holding(new MemoryStore()) : new MemoryStore();
      stores.push(store);
      return store;
    });
    await served.init();
    await served.open();
    await served.close();
    await expect(served.delete("lock", lock.bytes)).rejects.toEqual(failure(Code.Unknown, "no repository"));
    expect(stores.map(({ closed }) => closed)).toEqual([1, 1]);
  });
});
