import { describe, expect, it } from "@jest/globals";
import { Mac, type Entry } from "@kloset/sdk";
import { contentOf } from "./content.js";
import { drainingExporter } from "./exporter.js";
import { syntheticImporter } from "./importer.js";
import { memoryStore } from "./storage.js";

const idle = { signal: new AbortController().signal, hot: false };
const MiB = 1024 * 1024;

/** Computes the content as defined in interop/README.md, byte by byte. */
function expected(file: number, size: number): Buffer {
  const pattern: number[] = [];
  for (let x = 2_463_534_242; pattern.length < 65_537;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    pattern.push(x & 0xff);
  }
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++)
    bytes[i] = i < 8 ? Number((BigInt(file) >> BigInt(8 * i)) & 0xffn) : (pattern[(7919 * file + i) % 65_537] ?? 0);
  return bytes;
}

function bytesOf(content: Uint8Array | Iterable<Uint8Array>): Buffer {
  return Buffer.concat(content instanceof Uint8Array ? [content] : [...content]);
}

describe("content", () => {
  it.each([
    [0, 0],
    [0, 20],
    [3, 5],
    [258, 1024],
    [65_537, 70_000],
    [1, MiB],
    [70_000, 2 * MiB + 1],
  ])("of file %d, %d bytes, is the same as in Go", (file, size) => {
    expect(bytesOf(contentOf(file, size)).equals(expected(file, size))).toBe(true);
  });

  it("comes in chunks of 1 MiB", () => {
    expect([...(contentOf(1, 2 * MiB + 1) as Iterable<Uint8Array>)].map(({ length }) => length)).toEqual([MiB, MiB, 1]);
  });
});

describe("the importer", () => {
  const importer = syntheticImporter(2, 10);

  it("yields a root and its files", async () => {
    const entries: Entry[] = [];
    for await (const entry of await importer.scan(idle)) entries.push(entry);
    expect(entries.map(({ pathname, fileInfo }) => [pathname, fileInfo?.size])).toEqual([
      ["/", 0],
      ["/f0000000", 10],
      ["/f0000001", 10],
    ]);
  });

  it("opens only its files, by name", async () => {
    const content = await importer.open?.({ pathname: "/f0000001", target: "" }, idle);
    expect(bytesOf(content as Uint8Array).equals(expected(1, 10))).toBe(true);
    for (const pathname of ["/f0000002", "/x", "/f", "/fa"]) {
      expect(() => importer.open?.({ pathname, target: "" }, idle)).toThrow(`open ${pathname}: no such file`);
    }
  });
});

it("the exporter checks the size of each file", async () => {
  async function* data(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(3);
    yield new Uint8Array(4);
  }
  const exporter = drainingExporter();
  await expect(exporter.storeFile("/a", data(), 7, idle)).resolves.toBeUndefined();
  await expect(exporter.storeFile("/a", data(), 8, idle)).rejects.toThrow('"/a" has 8 bytes, but 7 came');
});

it("the storage keeps resources until they are deleted", async () => {
  async function* data(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1, 2);
    yield Uint8Array.of(3);
  }
  const store = memoryStore("bench://memory");
  const mac = Mac.fromBytes(new Uint8Array(32).fill(7));
  expect(() => store.open()).toThrow("there is no repository in bench://memory");
  await store.create(Uint8Array.of(9));
  expect(await store.open()).toEqual(Uint8Array.of(9));
  expect(await store.put("packfile", mac, data(), idle)).toBe(3);
  expect([...bytesOf((await store.get("packfile", mac, idle)) as Uint8Array)]).toEqual([1, 2, 3]);
  expect([
    ...bytesOf((await store.get("packfile", mac, { ...idle, range: { offset: 1, length: 9 } })) as Uint8Array),
  ]).toEqual([2, 3]);
  expect([...((await store.list("packfile", idle)) as Mac[])].map(({ hex }) => hex)).toEqual([mac.hex]);
  expect(await store.list("state", idle)).toEqual([]);
  await store.delete("packfile", mac, idle);
  expect(() => store.delete("packfile", mac, idle)).toThrow(`there is no packfile ${mac.hex}`);
  expect(() => store.get("packfile", mac, idle)).toThrow(`there is no packfile ${mac.hex}`);
});
