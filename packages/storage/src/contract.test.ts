import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import type { ByteSource, ByteStream } from "@kloset/model";
import { hostV1_0, hostV1_1, type Host, type PutMessage, type StateKind } from "./testing/hosts.js";
import { macOf, MemoryStore, nineteen, withMethods } from "./testing/memory-store.js";
import type { ResourceGetContext, ResourceStore, Store, StoreFactory } from "./store.js";

const GENERATIONS = { "v1.0": hostV1_0, "v1.1": hostV1_1 } as const;
const SHAPES = { "nineteen methods": nineteen, "four functions": (store: ResourceStore) => store } as const;
const KINDS: readonly StateKind[] = ["state", "packfile", "lock"];
const A = macOf(0xaa);
const B = macOf(0xbb);
const MIB = 1024 * 1024;

function failure(code: Code, rawMessage: unknown) {
  return expect.objectContaining({ code, rawMessage });
}

const head: PutMessage = { mac: A.bytes };
const data = (text: string | Uint8Array): PutMessage => ({
  chunk: typeof text === "string" ? Buffer.from(text) : text,
});

const cases = Object.entries(GENERATIONS).flatMap(([generation, host]) =>
  Object.entries(SHAPES).map(([shape, shaped]) => ({ generation, shape, host, shaped })),
);

describe.each(cases)("a store of $shape, served to $generation", ({ host, shaped }) => {
  const serve = (factory: StoreFactory): Host => host(factory);
  const opened = async (store: ResourceStore): Promise<Host> => {
    const served = serve((): Store | ResourceStore => shaped(store));
    await served.init();
    return served;
  };
  /** Serves an empty store whose `get` is replaced. */
  const answering = (get: () => ByteSource | Promise<ByteSource>) => opened(withMethods(new MemoryStore(), { get }));

  it("creates a repository, opens it, and reports its mode and size", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    await expect(served.open()).rejects.toEqual(failure(Code.Unknown, "no repository"));
    await served.create(Buffer.from("configuration"));
    expect(Buffer.from(await served.open()).toString()).toBe("configuration");
    expect(await served.mode()).toBe(6);
    expect(await served.size()).toBe(0n);
  });

  it("asks mode() once per session, however often and however many at once the host asks, and again after a failure", async () => {
    let asked = 0;
    const served = await opened(
      withMethods(new MemoryStore(), {
        mode: () => {
          if (asked++ === 0) throw new Error("no route to host");
          return Promise.resolve(4);
        },
      }),
    );
    await expect(served.mode()).rejects.toEqual(failure(Code.Unknown, "no route to host"));
    expect(await Promise.all(Array.from({ length: 8 }, () => served.mode()))).toEqual(new Array(8).fill(4));
    expect(await served.mode()).toBe(4);
    expect(asked).toBe(2);
  });

  it.each(KINDS)("stores, lists, returns and deletes a %s", async (kind) => {
    const store = new MemoryStore();
    const served = await opened(store);
    expect(await served.put(kind, [head, data("hel"), data(""), data("lo")])).toBe(5n);
    expect(await served.put(kind, [{ mac: B.bytes }, data("x")])).toBe(1n);
    expect((await served.list(kind)).map((mac) => Buffer.from(mac).toString("hex"))).toEqual([A.hex, B.hex]);
    for (const other of KINDS) if (other !== kind) expect(await served.list(other)).toEqual([]);
    expect(Buffer.concat(await served.get(kind, A.bytes)).toString()).toBe("hello");
    await served.put(kind, [head, data("again")]);
    expect(Buffer.concat(await served.get(kind, A.bytes)).toString()).toBe("again");
    await served.delete(kind, A.bytes);
    expect((await served.list(kind)).map((mac) => Buffer.from(mac).toString("hex"))).toEqual([B.hex]);
    expect(store.calls.every((call) => call.includes(kind) || call.startsWith("list"))).toBe(true);
  });

  it("accepts data in the first message, a repeated MAC, and empty content", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    await served.put("state", [
      { mac: A.bytes, chunk: Buffer.from("first") },
      { mac: A.bytes, chunk: Buffer.from("+") },
    ]);
    expect(Buffer.concat(await served.get("state", A.bytes)).toString()).toBe("first+");
    expect(await served.put("state", [head])).toBe(0n);
    expect(await served.get("state", A.bytes)).toEqual([]);
    expect(await served.put("lock", [head, data("")])).toBe(0n);
    expect(store.kept.get(`lock ${A.hex}`)).toHaveLength(0);
  });

  it("accepts many small chunks and large ones", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    const small = Array.from({ length: 5000 }, (_, i) => data(String(i % 10)));
    expect(await served.put("packfile", [head, ...small])).toBe(5000n);
    const large = Array.from({ length: 3 }, (_, i) => data(Buffer.alloc(MIB, i)));
    expect(await served.put("packfile", [{ mac: B.bytes }, ...large])).toBe(BigInt(3 * MIB));
    const chunks = await served.get("packfile", B.bytes);
    expect(chunks.map(({ length }) => length)).toEqual([MIB, MIB, MIB]);
    expect(Buffer.concat(chunks).equals(Buffer.concat([0, 1, 2].map((i) => Buffer.alloc(MIB, i))))).toBe(true);
  });

  it("returns a range of a packfile", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    await served.put("packfile", [head, data("0123456789")]);
    const range = async (offset: number, length: number) =>
      Buffer.concat(await served.get("packfile", A.bytes, { offset, length })).toString();
    expect(await range(0, 10)).toBe("0123456789");
    expect(await range(3, 4)).toBe("3456");
    expect(await range(8, 10)).toBe("89");
    expect(await range(10, 1)).toBe("");
    expect(await range(99, 1)).toBe("");
    expect(await range(2, 0)).toBe("");
    expect(await range(0, 0xffff_ffff)).toBe("0123456789");
    expect(store.calls.slice(1, 3)).toEqual([`get packfile ${A.hex} 0+10`, `get packfile ${A.hex} 3+4`]);
  });

  it("passes a context to every function, with the range of a get", async () => {
    const seen: [string, ResourceGetContext][] = [];
    const store = new MemoryStore();
    const saw = (name: string, context: ResourceGetContext): void => {
      seen.push([name, context]);
    };
    const served = await opened(
      withMethods(store, {
        list: (kind, context) => (saw("list", context), store.list(kind)),
        put: (kind, mac, content, context) => (saw("put", context), store.put(kind, mac, content)),
        get: (kind, mac, context) => (saw("get", context), store.get(kind, mac, context)),
        delete: (kind, mac, context) => (saw("delete", context), store.delete(kind, mac)),
      }),
    );
    await served.put("packfile", [head, data("0123456789")]);
    await served.list("packfile");
    await served.get("packfile", A.bytes);
    await served.get("packfile", A.bytes, { offset: 3, length: 4 });
    await served.delete("packfile", A.bytes);
    // The signals are read after the calls have succeeded.
    expect(seen.map(([name, { hot, range, signal }]) => [name, hot, range, signal.aborted])).toEqual([
      ["put", false, undefined, false],
      ["list", false, undefined, false],
      ["get", false, undefined, false],
      ["get", false, { offset: 3, length: 4 }, false],
      ["delete", false, undefined, false],
    ]);
  });

  it("rejects an offset out of range and accepts the largest valid one", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    await served.put("packfile", [head, data("x")]);
    await expect(served.get("packfile", A.bytes, { offset: 2n ** 53n, length: 1 })).rejects.toEqual(
      failure(Code.InvalidArgument, `${served.rpc("blob")}: the offset is out of range: 9007199254740992`),
    );
    expect(await served.get("packfile", A.bytes, { offset: 2n ** 53n - 1n, length: 1 })).toEqual([]);
  });

  it("fails if the store returns more than the range, and sends nothing beyond it", async () => {
    const served = await answering(() => [Buffer.from("01"), Buffer.from("23"), Buffer.from("4")]);
    await expect(served.get("packfile", A.bytes, { offset: 0, length: 4 })).rejects.toEqual(
      failure(Code.Unknown, `the plugin answered more than the 4 bytes of packfile ${A.hex} that were asked for`),
    );
    await expect(served.get("packfile", A.bytes, { offset: 0, length: 0 })).rejects.toEqual(
      failure(Code.Unknown, expect.stringContaining("more than the 0 bytes")),
    );
    expect(await served.get("packfile", A.bytes, { offset: 0, length: 5 })).toHaveLength(3);
  });

  it("passes on the store's error for a missing resource verbatim", async () => {
    const served = await opened(new MemoryStore());
    const missing = failure(Code.Unknown, `there is no packfile ${A.hex}`);
    await expect(served.get("packfile", A.bytes)).rejects.toEqual(missing);
    await expect(served.get("packfile", A.bytes, { offset: 0, length: 1 })).rejects.toEqual(missing);
    await expect(served.delete("packfile", A.bytes)).rejects.toEqual(missing);
  });

  it("splits content into chunks of 1 MiB and sends no empty chunk", async () => {
    async function* source() {
      yield Buffer.alloc(0);
      yield Buffer.alloc(2 * MIB + 1, 1);
      yield Buffer.alloc(0);
      yield Buffer.alloc(5, 2);
    }
    const served = await answering(source);
    const chunks = await served.get("state", A.bytes);
    expect(chunks.map(({ length }) => length)).toEqual([MIB, MIB, 1, 5]);
  });

  it("passes on an error thrown within the content verbatim", async () => {
    const given: number[] = [];
    async function* source() {
      yield Buffer.from("x");
      given.push(1);
      throw new Error("read: connection reset");
    }
    const served = await answering(source);
    await expect(served.get("state", A.bytes)).rejects.toEqual(failure(Code.Unknown, "read: connection reset"));
    expect(given).toEqual([1]);
  });

  it.each([[undefined], [7], ["text"], [{}], [["text"]]])("rejects %p as content", async (content) => {
    const served = await answering(() => content as unknown as ByteSource);
    await expect(served.get("state", A.bytes)).rejects.toEqual(
      failure(Code.Unknown, expect.stringMatching(new RegExp(`^the content of state ${A.hex} (is|yielded) .*needed$`))),
    );
  });

  it.each([[0], [31], [33]])("rejects a MAC of %d bytes, naming the RPC", async (length) => {
    const store = new MemoryStore();
    const served = await opened(store);
    const wrong = new Uint8Array(length);
    const rejected = (rpc: "put" | "get" | "delete" | "blob") =>
      failure(Code.InvalidArgument, `${served.rpc(rpc)}: a MAC has 32 bytes, not ${length}`);
    await expect(served.put("state", [{ mac: wrong }, data("x")])).rejects.toEqual(rejected("put"));
    await expect(served.get("state", wrong)).rejects.toEqual(rejected("get"));
    await expect(served.get("packfile", wrong, { offset: 0, length: 1 })).rejects.toEqual(rejected("blob"));
    await expect(served.delete("state", wrong)).rejects.toEqual(rejected("delete"));
    expect(store.calls).toEqual([]);
  });

  it("rejects a missing MAC and a stream without messages", async () => {
    const served = await opened(new MemoryStore());
    const missing = /the request has no MAC|a MAC has 32 bytes, not 0/;
    await expect(served.put("state", [data("x"), data("y")])).rejects.toEqual(
      failure(Code.InvalidArgument, expect.stringMatching(missing)),
    );
    await expect(served.get("state", undefined)).rejects.toEqual(
      failure(Code.InvalidArgument, expect.stringMatching(missing)),
    );
    await expect(served.delete("state", undefined)).rejects.toEqual(
      failure(Code.InvalidArgument, expect.stringMatching(missing)),
    );
    await expect(served.put("state", [])).rejects.toEqual(
      failure(Code.InvalidArgument, `${served.rpc("put")}: the stream ended before its first message`),
    );
  });

  it("rejects a different MAC within the data and stores nothing", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    await expect(
      served.put("state", [head, data("x"), { mac: B.bytes, chunk: Buffer.from("y") }, data("z")]),
    ).rejects.toEqual(
      failure(Code.InvalidArgument, `${served.rpc("put")}: another MAC came within the data of ${A.hex}`),
    );
    expect(store.kept.size).toBe(0);
  });

  it("returns the author's error verbatim, after reading the whole request", async () => {
    let sent = false;
    async function* messages() {
      yield head;
      for (let i = 0; i < 50; i++) yield data("x");
      sent = true;
    }
    const served = await opened(
      new MemoryStore((call) => {
        if (call.startsWith("put")) throw new Error("ENOSPC: no space left");
      }),
    );
    await expect(served.put("packfile", messages())).rejects.toEqual(failure(Code.Unknown, "ENOSPC: no space left"));
    expect(sent).toBe(true);
  });

  it("rejects an invalid Put only after reading the whole request", async () => {
    for (const first of [{ mac: new Uint8Array(3) }, {}]) {
      let sent = false;
      async function* messages() {
        yield first;
        for (let i = 0; i < 50; i++) yield data("x");
        sent = true;
      }
      const served = await opened(new MemoryStore());
      await expect(served.put("state", messages())).rejects.toEqual(failure(Code.InvalidArgument, expect.anything()));
      expect(sent).toBe(true);
    }
  });

  it("fails if the author did not read everything or returned a different byte count", async () => {
    const lazy = await opened(withMethods(new MemoryStore(), { put: () => undefined }));
    await expect(lazy.put("state", [head, data("abc")])).rejects.toEqual(
      failure(Code.Unknown, expect.stringContaining(`read 0 of the 3 bytes of state ${A.hex}`)),
    );
    const returning = async (written: unknown) =>
      opened(
        withMethods(new MemoryStore(), {
          put: async (_, __, content) => {
            for await (const chunk of content) expect(chunk).toBeDefined();
            return written as number;
          },
        }),
      );
    expect(await (await returning(3)).put("state", [head, data("abc")])).toBe(3n);
    for (const [written, text] of [
      [2, "2"],
      [4, "4"],
      ["3", '"3"'],
      [null, "null"],
    ] as const) {
      await expect((await returning(written)).put("state", [head, data("abc")])).rejects.toEqual(
        failure(Code.Unknown, `the plugin wrote ${text} of the 3 bytes of state ${A.hex}`),
      );
    }
  });

  it("fails if the author does not wait for the data to be stored", async () => {
    const outcomes: Promise<unknown>[] = [];
    const store = async (content: ByteStream): Promise<void> => {
      for await (const chunk of content) expect(chunk.length).toBeGreaterThan(0);
      throw new Error("disk full");
    };
    const forgetful = withMethods(new MemoryStore(), {
      put: (_, __, content) => void outcomes.push(store(content).catch(String)),
    });
    const name = shaped === SHAPES["nineteen methods"] ? "putState" : "put";
    const served = await opened(forgetful);
    for (const content of [["abc"], ["a", "bc"], [""]]) {
      await expect(served.put("state", [head, ...content.map(data)])).rejects.toEqual(
        failure(Code.Unknown, expect.stringContaining(`${name}() returned before it had read its data`)),
      );
      expect(await outcomes.at(-1)).toMatch(`was read after ${name}() had ended`);
    }
  });

  it("makes the author's data throw if the stream breaks off", async () => {
    const store = new MemoryStore();
    const served = await opened(store);
    async function* messages() {
      yield head;
      yield data("x");
      throw new Error("the host's source failed");
    }
    await expect(served.put("packfile", messages())).rejects.toThrow();
    expect(store.calls).toEqual([`put packfile ${A.hex}`]);
    expect(store.kept.size).toBe(0);
  });

  it.each([
    ["mode", -1],
    ["mode", "6"],
    ["mode", 1.5],
    ["mode", 2 ** 31],
    ["size", -2],
    ["size", 1.5],
    ["size", NaN],
    ["size", 2 ** 53],
    ["size", "1"],
    ["size", 5n],
    ["size", undefined],
  ] as const)("rejects a %s of %p", async (method, value) => {
    const served = await opened(withMethods(new MemoryStore(), { [method]: () => value as unknown as number }));
    await expect(served[method]()).rejects.toEqual(
      failure(Code.Unknown, expect.stringMatching(new RegExp(`^${method}\\(\\) returned .* needed$`))),
    );
  });

  it.each([-1, 0, 1, 2 ** 53 - 1])("returns a size of %d", async (size) => {
    const served = await opened(withMethods(new MemoryStore(), { size: () => size }));
    expect(await served.size()).toBe(BigInt(size));
  });

  it.each([[undefined], ["text"], [{}]])("rejects %p as a configuration", async (config) => {
    const served = await opened(withMethods(new MemoryStore(), { open: () => config as unknown as Uint8Array }));
    await expect(served.open()).rejects.toEqual(
      failure(Code.Unknown, expect.stringMatching(/^open\(\) returned .*: the bytes of the configuration are needed$/)),
    );
  });

  it.each([
    [undefined, /^listing states returned undefined: an iterable of MACs is needed$/],
    ["aa", /^listing states returned "aa": an iterable/],
    [[A, A.hex], /^listing states yielded "[0-9a-f]{64}": a Mac is needed$/],
    [[undefined], /^listing states yielded undefined: a Mac is needed$/],
    [[{ bytes: new Uint8Array(31) }], /^listing states yielded .*: a Mac is needed$/],
  ])("rejects the listing %p", async (listing, text) => {
    const served = await opened(withMethods(new MemoryStore(), { list: () => listing as unknown as Iterable<never> }));
    await expect(served.list("state")).rejects.toEqual(failure(Code.Unknown, expect.stringMatching(text)));
  });

  it("lists the MACs of an async iterable and passes on its errors", async () => {
    async function* macs() {
      yield A;
      yield B;
    }
    const served = await opened(withMethods(new MemoryStore(), { list: macs }));
    expect((await served.list("lock")).map((mac) => Buffer.from(mac).toString("hex"))).toEqual([A.hex, B.hex]);
    async function* broken() {
      yield A;
      throw new Error("readdir failed");
    }
    const other = await opened(withMethods(new MemoryStore(), { list: broken }));
    await expect(other.list("lock")).rejects.toEqual(failure(Code.Unknown, "readdir failed"));
  });

  it("rejects every call before Init, naming the RPC, after reading the whole request", async () => {
    const served = serve(() => shaped(new MemoryStore()));
    let sent = false;
    async function* messages() {
      yield* [head, data("x")];
      sent = true;
    }
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["Create", () => served.create(new Uint8Array())],
      ["Open", () => served.open()],
      ["Close", () => served.close()],
      [served.rpc("mode"), () => served.mode()],
      [served.rpc("size"), () => served.size()],
      [served.rpc("list"), () => served.list("state")],
      [served.rpc("put"), () => served.put("state", messages())],
      [served.rpc("get"), () => served.get("state", A.bytes)],
      [served.rpc("blob"), () => served.get("packfile", A.bytes, { offset: 0, length: 1 })],
      [served.rpc("delete"), () => served.delete("state", A.bytes)],
    ];
    for (const [rpc, call] of calls) {
      await expect(call()).rejects.toEqual(
        failure(Code.FailedPrecondition, `store.Store/${rpc} was called before Init`),
      );
    }
    expect(sent).toBe(true);
  });

  it("rejects a second Init", async () => {
    const served = await opened(new MemoryStore());
    await expect(served.init()).rejects.toEqual(failure(Code.FailedPrecondition, "store.Store/Init was called twice"));
    expect(await served.mode()).toBe(6);
  });
});
