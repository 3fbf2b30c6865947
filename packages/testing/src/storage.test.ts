import { beforeEach, describe, expect, it } from "@jest/globals";
import { defineStorage, Mac, StoreMode, type ResourceStore } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { macOf, testStorage, type PutOptions } from "./index.js";

/** The service in which the storage under test keeps everything. */
let service = new Map<string, Uint8Array>();
let opened = 0;
let closed = 0;

beforeEach(() => {
  service = new Map();
  opened = 0;
  closed = 0;
});

function read(key: string): Uint8Array {
  const content = service.get(key);
  if (content === undefined) throw new Error(`${key} does not exist`);
  return content;
}

const bucket = defineStorage({
  config: { region: option.string().optional() },
  connect: ({ location }): ResourceStore => {
    opened++;
    return {
      create: (config) => void service.set("config", config),
      open: () => read("config"),
      location: () => location,
      mode: () => StoreMode.READ | StoreMode.WRITE,
      size: () => [...service.values()].reduce((sum, { length }) => sum + length, 0),
      list: (kind) =>
        [...service.keys()]
          .filter((key) => key.startsWith(`${kind}/`))
          .map((key) => Mac.fromHex(key.split("/")[1] ?? "")),
      put: async (kind, mac, data) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of data) chunks.push(chunk);
        service.set(`${kind}/${mac.hex}`, Buffer.concat(chunks));
      },
      get: (kind, mac, { range }) => {
        const content = read(`${kind}/${mac.hex}`);
        return range === undefined ? content : content.subarray(range.offset, range.offset + range.length);
      },
      delete: (kind, mac) => void service.delete(`${kind}/${mac.hex}`),
      close: () => {
        closed++;
      },
    };
  },
});

const [a, b] = [macOf("a"), macOf("b")];

describe.each(["v1.0", "v1.1"] as const)("testStorage, %s", (generation) => {
  const options = { location: "bucket://test", generation };

  it("creates, stores, lists, reads and deletes", async () => {
    await using storage = await testStorage(bucket, options);
    await storage.create("configuration");
    expect(Buffer.from(await storage.open()).toString()).toBe("configuration");
    expect(await storage.put("packfile", a, "hello")).toBe(5);
    expect(await storage.put("packfile", b, [Buffer.from("he"), Buffer.from("llo")])).toBe(5);
    expect(await storage.list("packfile")).toEqual(expect.arrayContaining([a, b]));
    expect(Buffer.from(await storage.get("packfile", b)).toString()).toBe("hello");
    const part = await storage.get("packfile", a, { range: { offset: 1, length: 3 } });
    expect(Buffer.from(part).toString()).toBe("ell");
    expect(await storage.mode()).toBe(6);
    expect(await storage.size()).toBe(23);
    await storage.delete("packfile", a);
    expect(await storage.list("packfile")).toEqual([b]);
    await expect(storage.get("packfile", a)).rejects.toThrow("does not exist");
    expect([opened, closed]).toEqual([1, 0]);
  });

  it("closes the connector once", async () => {
    const storage = await testStorage(bucket, options);
    await storage.close();
    await storage.close();
    expect([opened, closed]).toEqual([1, 1]);
    await expect(storage.list("state")).rejects.toThrow("was closed");
  });

  it.each<[PutOptions["faults"], string]>([
    [{ failAfter: 2 }, "the source failed after 2 bytes, as the test demands"],
    [{ failAfter: 0 }, "the source failed after 0 bytes"],
    [{ cancelAfter: { bytes: 2 } }, "the host cancelled after 2 bytes"],
    [{ disconnectAfter: { bytes: 2 } }, "the host disappeared after 2 bytes"],
  ])("gives up a put with the faults %j", async (faults, text) => {
    await using storage = await testStorage(bucket, options);
    await expect(storage.put("packfile", a, "hello", { faults })).rejects.toThrow(text);
    // After a disconnection, by another connector.
    expect(await storage.list("packfile")).toEqual([]);
    expect(opened).toBe(faults?.disconnectAfter === undefined ? 1 : 2);
    expect(await storage.put("packfile", a, "hello")).toBe(5);
  });

  it.each(["cancelAfter", "disconnectAfter"] as const)("gives up a get with %s", async (fault) => {
    await using storage = await testStorage(bucket, options);
    await storage.put("packfile", a, "hello");
    const faults = { [fault]: { bytes: 2 } };
    await expect(storage.get("packfile", a, { faults })).rejects.toThrow("after 2 bytes");
    expect(Buffer.from(await storage.get("packfile", a)).toString()).toBe("hello");
  });

  it("transfers slowly, and until a signal is aborted", async () => {
    await using storage = await testStorage(bucket, options);
    const seen: number[] = [];
    const pace = async ({ bytes }: { bytes: number }): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(bytes);
    };
    await storage.put("state", a, "hello", { faults: { pace } });
    await storage.get("state", a, { faults: { pace } });
    expect(seen).toEqual([0, 5, 0, 5]);
    const controller = new AbortController();
    const stall = (): Promise<void> => {
      controller.abort(new Error("enough"));
      return new Promise(() => undefined);
    };
    const put = storage.put("state", b, "hello", { faults: { pace: stall }, signal: controller.signal });
    await expect(put).rejects.toThrow("enough");
    expect(await storage.list("state")).toEqual([a]);
  });

  it("rejects faults that do not happen, and too much content", async () => {
    await using storage = await testStorage(bucket, options);
    const put = (faults: PutOptions["faults"]): Promise<number> => storage.put("packfile", a, "hello", { faults });
    await expect(put({ failAfter: 9 })).rejects.toThrow(
      "faults.failAfter: expected fewer bytes than the 5 of the content, got 9",
    );
    await expect(put({ failAfter: -1 })).rejects.toThrow("faults.failAfter: expected a number of bytes from 0, got -1");
    await expect(put({ cancelAfter: { bytes: 6 } })).rejects.toThrow("faults.cancelAfter: expected 6 bytes, but");
    await put({});
    await expect(storage.get("packfile", a, { maxBytes: 4 })).rejects.toThrow("raise maxBytes");
  });

  it("rejects with the error of the SDK if the configuration is wrong", async () => {
    await expect(testStorage(bucket, { ...options, config: { regoin: "x" } })).rejects.toThrow(
      'did you mean "region"?',
    );
  });
});
