import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { iterableSource, type ByteSource } from "@kloset/model";
import { resourcesOf } from "./resource-store.js";
import { macOf, MemoryStore, nineteen, withMethods } from "./testing/memory-store.js";

const A = macOf(1);
const idle = { signal: new AbortController().signal, hot: false };

async function bytesOf(source: ByteSource): Promise<string> {
  const chunks: Uint8Array[] = [];
  const content = iterableSource(source, "a resource");
  if (content instanceof Uint8Array) chunks.push(content);
  else for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("resourcesOf", () => {
  it("returns a store with four functions unchanged", () => {
    const store = new MemoryStore();
    expect(resourcesOf(store)).toBe(store);
  });

  it("maps the nineteen methods even if the store has helpers named like the four functions", async () => {
    const store = new MemoryStore();
    const helpers = { list: () => "helper", get: () => "helper", put: () => "helper", delete: () => "helper" };
    const resources = resourcesOf({ ...nineteen(store), ...helpers });
    for (const kind of ["state", "packfile", "lock"] as const) {
      async function* data() {
        yield Buffer.from(kind);
      }
      await resources.put(kind, A, data(), idle);
      expect(await bytesOf(await resources.get(kind, A, idle))).toBe(kind);
      expect([...((await resources.list(kind, idle)) as Iterable<unknown>)]).toEqual([A]);
      await resources.delete(kind, A, idle);
    }
    expect(store.calls.filter((call) => call.startsWith("put"))).toEqual([
      `put state ${A.hex}`,
      `put packfile ${A.hex}`,
      `put lock ${A.hex}`,
    ]);
  });

  it("reads a range of a packfile with getPackfileBlob", async () => {
    const store = new MemoryStore();
    store.kept.set(`packfile ${A.hex}`, Buffer.from("0123456789"));
    const resources = resourcesOf(nineteen(store));
    expect(await bytesOf(await resources.get("packfile", A, { ...idle, range: { offset: 2, length: 3 } }))).toBe("234");
    expect(store.calls).toEqual([`get packfile ${A.hex} 2+3`]);
  });

  it.each(["state", "lock"] as const)(
    "slices a range of a %s out of the whole and stops reading at its end",
    async (kind) => {
      let read = 0;
      let stopped = false;
      async function* source() {
        try {
          for (; read < 100; read++) yield Buffer.from("0123456789");
        } finally {
          stopped = true;
        }
      }
      const resources = resourcesOf(nineteen(withMethods(new MemoryStore(), { get: () => source() })));
      expect(await bytesOf(await resources.get(kind, A, { ...idle, range: { offset: 8, length: 5 } }))).toBe("89012");
      expect(read).toBe(1);
      expect(stopped).toBe(true);
      expect(await bytesOf(await resources.get(kind, A, { ...idle, range: { offset: 5000, length: 5 } }))).toBe("");
      expect(await bytesOf(await resources.get(kind, A, { ...idle, range: { offset: 0, length: 0 } }))).toBe("");
    },
  );

  it.each(["ecc-packfile", "ecc-state"] as const)(
    "reports that the nineteen methods do not support %s",
    async (kind) => {
      const resources = resourcesOf(nineteen(new MemoryStore()));
      const none = expect.objectContaining({
        code: Code.Unimplemented,
        rawMessage: `this store keeps packfiles, states and locks, not: ${kind}`,
      });
      const calls = [
        () => resources.list(kind, idle),
        () => resources.put(kind, A, { async *[Symbol.asyncIterator]() {} }, idle),
        () => resources.get(kind, A, idle),
        () => resources.delete(kind, A, idle),
      ];
      for (const call of calls) await expect((async () => call())()).rejects.toEqual(none);
    },
  );
});
