/** Secret providers and inventories in memory: what authors test, and what bad values of theirs become. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { PluginConnection, openInventory, openSecretProvider, StatusCode, type TraceEvent } from "@kloset/host";
import {
  defineImporter,
  defineInventory,
  defineSecretProvider,
  log,
  type Inventory,
  type InventoryEntry,
  type SecretProvider,
} from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { MAX_MESSAGE_BYTES } from "@kloset/wire/grpc";
import { testConformance, testInventory, testSecretProvider, type InventoryTest } from "./index.js";
import { MemoryPlugin } from "./memory-plugin.js";

const never = (): Promise<never> => new Promise(() => undefined);

let stderr = "";

beforeEach(() => {
  stderr = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  delete process.env["KLOSET_SERVER"];
});

/** A promise that a test resolves. */
function event(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen = (): void => undefined;
  const happened = new Promise<void>((resolve) => (happen = resolve));
  return { happened, happen };
}

describe.each(["framed", "connect"])("testSecretProvider, with the server %s", (server) => {
  beforeEach(() => {
    process.env["KLOSET_SERVER"] = server;
  });

  const closed: string[] = [];
  const vault = defineSecretProvider({
    config: { token: option.secret(), prefix: option.string({ default: "" }) },
    connect: ({ config, location }): SecretProvider => ({
      resolve: (handle, { signal }) => {
        if (handle === "hang")
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
          });
        if (handle === "leak") throw new Error(`401 for ${config.token} after hunter2-${server}`);
        if (handle === "null") return null as never;
        if (handle === "bytes") return Buffer.from("hidden-bytes") as never;
        if (handle === "object") return { secret: "hidden-object" } as never;
        if (handle === "surrogate") return "hidden-surrogate\uD800";
        if (handle === "large") return "x".repeat(MAX_MESSAGE_BYTES - 5);
        if (handle === "too large") return "é".repeat(MAX_MESSAGE_BYTES / 2 - 2);
        return new Map([
          ["", "of the empty handle"],
          ["db", `${config.prefix}hunter2-${server}`],
          ["empty", ""],
          ["unicode", 'pä"ss\n\0wörd 🔑'],
        ]).get(handle);
      },
      close: () => void closed.push(location),
    }),
  });
  const config = { token: "token-of-the-vault" };

  it("resolves exactly what the provider returns", async () => {
    await using provider = await testSecretProvider(vault, { config: { ...config, prefix: "p-" } });
    expect(await provider.resolve("db")).toBe(`p-hunter2-${server}`);
    expect(await provider.resolve("")).toBe("of the empty handle");
    expect(await provider.resolve("empty")).toBe("");
    expect(await provider.resolve("unicode")).toBe('pä"ss\n\0wörd 🔑');
    expect(await provider.resolve("large")).toHaveLength(MAX_MESSAGE_BYTES - 5);
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => provider.resolve(i % 2 === 0 ? "db" : "empty")));
    expect(all).toEqual(Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? `p-hunter2-${server}` : "")));
  });

  it.each([
    ["nothing", StatusCode.NOT_FOUND, 'secret "nothing" does not exist'],
    ["null", StatusCode.UNKNOWN, 'resolve() returned null for "null": a string is needed'],
    ["bytes", StatusCode.UNKNOWN, 'resolve() returned 12 bytes for "bytes": a string is needed'],
    ["object", StatusCode.UNKNOWN, 'resolve() returned [Object] for "object": a string is needed'],
    ["surrogate", StatusCode.UNKNOWN, 'resolve() returned a string that is not valid Unicode for "surrogate"'],
    [
      "too large",
      StatusCode.RESOURCE_EXHAUSTED,
      'resolve() returned 4194300 bytes for "too large": hosts accept messages of at most 4194304 bytes',
    ],
  ])("answers %j with a status, and never shows the value", async (handle, code, message) => {
    await using provider = await testSecretProvider(vault, { config });
    await expect(provider.resolve(handle)).rejects.toMatchObject({ code, message });
    expect(await provider.resolve("db")).toBe(`hunter2-${server}`);
    expect(stderr).not.toContain("hidden");
  });

  it("masks the secrets of the configuration, and those resolved before, in errors and in the log", async () => {
    await using provider = await testSecretProvider(vault, { config });
    await provider.resolve("db");
    await expect(provider.resolve("leak")).rejects.toThrow(/^401 for \*\*\* after \*\*\*$/);
    log.warn(`${server} resolved hunter2-${server} with ${config.token}`);
    expect(stderr).toContain(`warn: ${server} resolved *** with ***`);
  });

  it("cancels a call, and goes on", async () => {
    await using provider = await testSecretProvider(vault, { config });
    const cancel = new AbortController();
    const call = provider.resolve("hang", { signal: cancel.signal });
    cancel.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(await provider.resolve("empty")).toBe("");
  });

  it("closes once, also after the host has died in a call, and again after Close", async () => {
    closed.length = 0;
    const provider = await testSecretProvider(vault, { config, location: "vault://a" });
    const call = provider.resolve("hang");
    call.catch(() => undefined);
    await provider.resolve("empty");
    provider.disconnect();
    await provider.close();
    await expect(call).rejects.toThrow();
    const plugin = await MemoryPlugin.start({ secretProvider: vault.factory });
    const connection = await PluginConnection.open(plugin, { generation: "v1.0" });
    const client = await openSecretProvider(connection, { config, location: "vault://b" });
    await client.close();
    await client.close();
    await expect(client.resolve("empty")).rejects.toMatchObject({ code: StatusCode.FAILED_PRECONDITION });
    await expect(openSecretProvider(connection, { config })).rejects.toMatchObject({
      code: StatusCode.FAILED_PRECONDITION,
    });
    await plugin.end(60_000);
    expect(closed).toEqual(["vault://a", "vault://b"]);
  });

  it("rejects a wrong configuration, a provider without resolve(), and another kind", async () => {
    await expect(testSecretProvider(vault, { config: { ...config, tokne: "x" } })).rejects.toThrow(
      '"tokne" is unknown',
    );
    await expect(testSecretProvider(vault)).rejects.toThrow("token");
    const misspelt = { reslove: () => "", close: () => undefined } as unknown as SecretProvider;
    await expect(testSecretProvider(() => misspelt)).rejects.toThrow(
      "the secret provider has no resolve(): found reslove()",
    );
    const importer = defineImporter({ connect: never });
    await expect(testSecretProvider(importer as never)).rejects.toThrow(
      "testSecretProvider(): expected a secret_provider, got an importer: use testImporter()",
    );
    await using provider = await testSecretProvider(vault, { config });
    provider.disconnect();
    const plugin = await MemoryPlugin.start({ secretProvider: vault.factory });
    const connection = await PluginConnection.open(plugin, { generation: "v1.1" });
    await expect(openInventory(connection)).rejects.toThrow(
      "this plugin is a secret provider; the host asked for an inventory",
    );
    await plugin.end(60_000);
  });

  it("shows no secret in the trace of a host", async () => {
    const plugin = await MemoryPlugin.start({ secretProvider: vault.factory });
    const events: TraceEvent[] = [];
    const connection = await PluginConnection.open(plugin, { generation: "v1.1", trace: (each) => events.push(each) });
    const client = await openSecretProvider(connection, { config, location: "vault://a" });
    await client.resolve("db");
    const messages = events.flatMap(({ message }) => (message === undefined ? [] : [message]));
    expect(messages).toEqual([
      { config: { token: "***", location: "vault://a" } },
      {},
      { handle: "db" },
      { secret: "***" },
    ]);
    await plugin.end(60_000);
  });
});

const ENTRY: InventoryEntry = {
  class: "database",
  subclass: "postgresql",
  urn: "urn:db:1",
  name: "Orders",
  tags: ["prod", "é"],
  region: "eu-west-3",
  service: "rds",
  resource: "cluster",
  details: Uint8Array.of(0, 255, 1),
  endpoints: [{ type: "host", endpoint: "db.example.org", attributes: { port: "5432", __proto__: null as never } }],
  country: "FR",
};

describe.each(["framed", "connect"])("testInventory, with the server %s", (server) => {
  beforeEach(() => {
    process.env["KLOSET_SERVER"] = server;
  });

  async function inventoryOf(list: Inventory["list"]): Promise<InventoryTest> {
    return await testInventory(() => ({ list, close: () => undefined }));
  }

  it("lists exactly what the inventory yields", async () => {
    const defined = defineInventory({
      config: { count: option.integer({ default: 1 }) },
      connect: ({ config }) => ({
        async *list() {
          for (let i = 0; i < config.count; i++) yield i === 0 ? ENTRY : { class: "compute", urn: `urn:${i}` };
        },
        close: () => undefined,
      }),
    });
    await using inventory = await testInventory(defined, { config: { count: "3000" } });
    const { entries, interruption } = await inventory.list();
    expect(interruption).toBeUndefined();
    expect(entries).toHaveLength(3000);
    expect(entries[0]).toEqual({ ...ENTRY, endpoints: [{ ...ENTRY.endpoints?.[0], attributes: { port: "5432" } }] });
    expect(entries[2999]).toEqual({
      ...{ class: "compute", subclass: "", tags: [], urn: "urn:2999", name: "", region: "", service: "", resource: "" },
      ...{ details: new Uint8Array(), endpoints: [], country: "" },
    });
    expect((await inventory.list()).entries).toHaveLength(3000);
    expect(stderr).toBe("");
  });

  const invalid: [change: object, text: string][] = [
    [{ class: undefined }, 'class of entry "urn:db:1" is missing or empty: a name is needed'],
    [{ urn: "" }, 'urn of entry "Orders" is missing or empty'],
    [{ urn: undefined, name: undefined }, "urn of entry 1 is missing or empty"],
    [{ name: 5 }, 'name of entry "urn:db:1" must be a string: 5'],
    [{ region: null }, 'region of entry "urn:db:1" must be a string: null'],
    [{ region: "a\uD800" }, 'region of entry "urn:db:1" is not valid Unicode'],
    [{ tags: "prod" }, 'tags of entry "urn:db:1" must be an array: "prod"'],
    [{ tags: ["a", 1] }, 'tags[1] of entry "urn:db:1" must be a string: 1'],
    [{ details: "text" }, 'details of entry "urn:db:1" must be bytes, such as Buffer.from(text): a string of 4 char'],
    [{ details: new Uint8Array(MAX_MESSAGE_BYTES) }, 'entry "urn:db:1" needs a message of 4194'],
    [{ endpoints: [null] }, 'endpoints[0] of entry "urn:db:1" must be an endpoint: null'],
    [
      { endpoints: [{ type: "ipv4", endpoint: "192.0.2.1" }] },
      "must be one of host, inet4, inet6, uuid, network, iden",
    ],
    [{ endpoints: [{ type: "host", endpoint: "" }] }, 'endpoints[0].endpoint of entry "urn:db:1" is missing or empty'],
    [
      { endpoints: [{ type: "host", endpoint: "h", attributes: { port: 1 } }] },
      'endpoints[0].attributes["port"] of en',
    ],
    [
      { endpoints: [{ type: "host", endpoint: "h", attributes: new Map() }] },
      "must be an object of strings: Map(0) {}",
    ],
  ];

  it.each(invalid.map(([change, text]) => [text, change] as const))(
    "fails a listing with: %s",
    async (text, change) => {
      await using inventory = await inventoryOf(() => [
        { class: "compute", urn: "urn:0" },
        { ...ENTRY, ...change },
      ]);
      await expect(inventory.list()).rejects.toMatchObject({
        code: StatusCode.UNKNOWN,
        message: expect.stringContaining(text) as unknown,
      });
    },
  );

  it.each([undefined, 42, "text"])("fails a listing when %j is yielded, and when it is returned", async (value) => {
    await using yielding = await inventoryOf(() => [value as never]);
    await expect(yielding.list()).rejects.toThrow("an entry is needed");
    await using returning = await inventoryOf(() => value as never);
    await expect(returning.list()).rejects.toThrow("list() returned");
  });

  it("sends unknown classes, subclasses and countries, and warns once for each value", async () => {
    const odd: InventoryEntry[] = [
      { class: `c-${server}`, subclass: "any", urn: "1" },
      { class: `c-${server}`, urn: "2" },
      { class: "database", subclass: `s-${server}`, urn: "3" },
      { class: "network", subclass: `s-${server}`, urn: "4" },
      { class: "compute", urn: "5", country: `UK-${server}` },
      { class: "compute", urn: "6", country: `UK-${server}` },
      { class: "toString", urn: "7" },
    ];
    await using inventory = await inventoryOf(() => odd);
    const { entries } = await inventory.list();
    expect(entries).toMatchObject(odd);
    const lines = stderr.split("\n").filter((line) => line.includes(server));
    expect(lines).toEqual([
      expect.stringMatching(
        /^inventory: hosts do not know class "c-\w+": known classes are analytics, block-storage, /,
      ),
      expect.stringMatching(
        /^inventory: .* subclass "s-\w+" of class "database": known subclasses are postgresql, mysql/,
      ),
      expect.stringMatching(/^inventory: .* subclass "s-\w+" of class "network": it has none$/),
      expect.stringMatching(
        /^inventory: hosts drop country "UK-\w+": an ISO 3166-1 alpha-2 code is needed, such as "FR"$/,
      ),
    ]);
  });

  it("fails with the author's text, before and after entries", async () => {
    await using throwing = await inventoryOf(() => {
      throw new Error("no such region");
    });
    await expect(throwing.list()).rejects.toMatchObject({ code: StatusCode.UNKNOWN, message: "no such region" });
    await using breaking = await inventoryOf(async function* () {
      yield ENTRY;
      throw new Error("throttled");
    });
    await expect(breaking.list()).rejects.toThrow(/^throttled$/);
  });

  it.each(["cancelAfter", "disconnectAfter"] as const)("ends the author's iterator with %s", async (fault) => {
    const ended = event();
    const aborted = event();
    const inventory = await inventoryOf(async function* ({ signal }) {
      signal.addEventListener("abort", aborted.happen);
      try {
        for (let i = 0; ; i++) yield { class: "compute", urn: `urn:${i}` };
      } finally {
        ended.happen();
      }
    });
    const { entries, interruption } = await inventory.list({ faults: { [fault]: { entries: 3 } } });
    expect(entries).toHaveLength(3);
    expect(interruption).toBe(fault === "cancelAfter" ? "cancelled" : "disconnected");
    await Promise.all([ended.happened, aborted.happened]);
    await inventory.close();
  });

  it("gives up a listing that hangs when the host cancels", async () => {
    const begun = event();
    await using inventory = await inventoryOf(async function* () {
      yield ENTRY;
      begun.happen();
      await never();
    });
    const cancel = new AbortController();
    const listing = inventory.list({ signal: cancel.signal });
    await begun.happened;
    cancel.abort(new Error("enough"));
    await expect(listing).rejects.toThrow("enough");
  });

  it("does not ask for more entries than a slow host can take", async () => {
    let yielded = 0;
    const details = new Uint8Array(1024 * 1024);
    await using inventory = await inventoryOf(function* () {
      for (; yielded < 300; yielded++) yield { class: "compute", urn: `urn:${yielded}`, details };
    });
    const seen: number[] = [];
    let received = 0;
    const pace = async (): Promise<void> => {
      received++;
      // Everything that can run without the host has run.
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      seen.push(yielded - received);
    };
    const { entries } = await inventory.list({ faults: { pace, cancelAfter: { entries: 20 } } });
    expect(entries).toHaveLength(20);
    // The windows of HTTP/2 and the buffers of both sides.
    expect(Math.max(...seen)).toBeLessThan(120);
  });
});

describe("testConformance", () => {
  it("checks a secret provider with the handle of a secret, and an inventory", async () => {
    const vault = defineSecretProvider({
      connect: () => ({
        resolve: (handle) => (handle === "db" ? "of the database" : undefined),
        close: () => undefined,
      }),
    });
    const options = { strict: true, answerMs: 60_000 };
    const { counts } = await testConformance(vault, { ...options, location: "vault://a", handle: "db" });
    expect(counts).toMatchObject({ failed: 0, "not applicable": 3 });
    const inventory: Inventory = { list: () => [ENTRY, { class: "compute", urn: "urn:2" }], close: () => undefined };
    const report = await testConformance(() => inventory, { ...options, connector: "inventory", location: "list://" });
    expect(report.counts).toMatchObject({ failed: 0, "not applicable": 3 });
  }, 120_000);
});
