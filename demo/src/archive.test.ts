import { describe, expect, it } from "@jest/globals";
import type { RestoreEntry, ScannedRecord } from "@kloset/host";
import { fileInfoOf, iterableSource, type ByteStream, type FileInfoInit } from "@kloset/model";
import { ArchiveWriter, readArchive } from "./archive.js";
import { PACKFILE_BYTES, WINDOW_BYTES } from "./packfiles.js";
import { MemoryStorage } from "./testing/memory-storage.js";
import { pseudoRandom } from "./testing/tree.js";

function recordOf(pathname: string, init: FileInfoInit = {}): ScannedRecord {
  const fileInfo = fileInfoOf({ modTime: -1_234_567_890_123_456_789n, ...init });
  return {
    pathname,
    fileInfo: { ...fileInfo, dev: 2n ** 64n - 1n, ino: 2n ** 63n },
    target: "",
    attribute: undefined,
    extendedAttributes: [],
    fileAttributes: 0,
    error: undefined,
  };
}

async function* contentOf(...chunks: Uint8Array[]): ByteStream {
  for (const chunk of chunks) yield chunk;
}

async function* breakingOff(chunk: Uint8Array): ByteStream {
  yield chunk;
  throw new Error("the source broke off");
}

/** Backs up a record as the host does: passes a thrown error to `error`. */
async function keep(archive: ArchiveWriter, record: ScannedRecord, content?: ByteStream): Promise<void> {
  try {
    await archive.record(record, content);
  } catch (error) {
    archive.error(record, error as Error);
  }
}

function writerOf(storage: MemoryStorage): { archive: ArchiveWriter; counts: number[] } {
  const counts: number[] = [];
  return { archive: new ArchiveWriter(storage, (count) => counts.push(count)), counts };
}

async function bytesOf(entry: RestoreEntry | undefined): Promise<Buffer> {
  if (entry?.read === undefined) throw new Error("nothing to read");
  const chunks: Uint8Array[] = [];
  const source = iterableSource(await entry.read({ signal: new AbortController().signal }), entry.pathname);
  if (source instanceof Uint8Array) chunks.push(source);
  else for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function find(storage: MemoryStorage, pathname: string): Promise<RestoreEntry | undefined> {
  return (await readArchive(storage, "/")).find((entry) => entry.pathname === pathname);
}

describe("an archive", () => {
  it("returns all metadata of every entry", async () => {
    const storage = new MemoryStorage();
    const { archive, counts } = writerOf(storage);
    const link = { ...recordOf("/d/link", { type: "symlink" }), target: "../ü\n" };
    const attribute = {
      ...recordOf("/d/file"),
      fileInfo: undefined,
      attribute: { name: "user.a", kind: "extended" as const },
    };
    await archive.record(recordOf("/d", { type: "directory", permissions: 0o1777 }), undefined);
    await archive.record(link, undefined);
    await archive.record(
      { ...recordOf("/d/file", { size: 3 }), extendedAttributes: ["user.a"] },
      contentOf(Buffer.from("abc")),
    );
    await archive.record(attribute, contentOf(Buffer.from([0, 255])));
    await archive.finish();
    const entries = await readArchive(storage, "/");
    expect(entries.map(({ pathname }) => pathname)).toEqual(["/d", "/d/link", "/d/file", "/d/file"]);
    const [directory, symlink, file, value] = entries;
    expect(directory).toMatchObject({ fileInfo: recordOf("/d", { type: "directory", permissions: 0o1777 }).fileInfo });
    expect(directory?.read).toBeUndefined();
    expect(symlink).toMatchObject({ target: "../ü\n", fileInfo: link.fileInfo });
    expect(file).toMatchObject({ extendedAttributes: ["user.a"], fileInfo: recordOf("/d/file", { size: 3 }).fileInfo });
    expect(value).toMatchObject({ attribute: { name: "user.a", kind: "extended" } });
    expect((await bytesOf(file)).toString()).toBe("abc");
    expect([...(await bytesOf(value))]).toEqual([0, 255]);
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  it("lists the entries at and below a root, relative to it", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    for (const pathname of ["/", "/a", "/a/b", "/a/b/c", "/a/bc", "/ab"])
      await archive.record(recordOf(pathname), contentOf());
    await archive.finish();
    const pathnames = async (root: string): Promise<string[]> =>
      (await readArchive(storage, root)).map(({ pathname }) => pathname);
    expect(await pathnames("/a/b")).toEqual(["/", "/c"]);
    expect(await pathnames("/")).toEqual(["/", "/a", "/a/b", "/a/b/c", "/a/bc", "/ab"]);
  });

  it("keeps the order of the scan, regardless of which entry is finished first", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = archive.record(
      recordOf("/slow", { size: 1 }),
      (async function* () {
        await wait;
        yield Buffer.from("x");
      })(),
    );
    await archive.record(recordOf("/fast"), contentOf());
    release();
    await slow;
    await archive.finish();
    expect((await readArchive(storage, "/")).map(({ pathname }) => pathname)).toEqual(["/slow", "/fast"]);
  });

  it("may be empty", async () => {
    const storage = new MemoryStorage();
    await writerOf(storage).archive.finish();
    expect(storage.keysOf("packfile")).toEqual([]);
    expect(await readArchive(storage, "/")).toEqual([]);
  });
});

describe("the content of an archive", () => {
  it("may be empty", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    await archive.record(recordOf("/empty"), contentOf());
    await archive.finish();
    expect(await bytesOf(await find(storage, "/empty"))).toHaveLength(0);
  });

  it("may span packfiles and share them with other entries", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    const contents = [PACKFILE_BYTES * 2 + 12_345, 7, PACKFILE_BYTES, WINDOW_BYTES + 1].map(pseudoRandom);
    const inChunks = async function* (content: Buffer): ByteStream {
      for (let at = 0; at < content.length; at += 700_001) yield content.subarray(at, at + 700_001);
    };
    await Promise.all(
      contents.map((content, i) => archive.record(recordOf(`/${i}`, { size: content.length }), inChunks(content))),
    );
    await archive.finish();
    expect(storage.keysOf("packfile").length).toBeGreaterThan(3);
    for (const [i, content] of contents.entries()) {
      expect((await bytesOf(await find(storage, `/${i}`))).equals(content)).toBe(true);
    }
    // Concurrent reads, of more entries than there are windows.
    const entries = await readArchive(storage, "/");
    const read = await Promise.all([...entries, ...entries, ...entries].map(bytesOf));
    for (const [i, bytes] of read.entries())
      expect(bytes.equals(contents[i % contents.length] ?? Buffer.alloc(0))).toBe(true);
  });

  it("is copied, because the reader reuses its buffer", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    const buffer = Buffer.alloc(1);
    await archive.record(
      recordOf("/file", { size: 3 }),
      (async function* () {
        for (const byte of [1, 2, 3]) {
          buffer[0] = byte;
          yield buffer;
        }
      })(),
    );
    await archive.finish();
    expect([...(await bytesOf(await find(storage, "/file")))]).toEqual([1, 2, 3]);
  });

  it("of many small files is read in few ranges", async () => {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    for (let i = 0; i < 500; i++)
      await archive.record(recordOf(`/${i}`, { size: 4000 }), contentOf(pseudoRandom(4000)));
    await archive.finish();
    for (const entry of await readArchive(storage, "/")) await bytesOf(entry);
    expect(storage.ranges).toEqual([
      { offset: 0, length: WINDOW_BYTES },
      { offset: WINDOW_BYTES, length: 2_000_000 - WINDOW_BYTES },
    ]);
  });
});

describe("a backup in which something fails", () => {
  it("reports a source that fails, and keeps the other entries", async () => {
    const storage = new MemoryStorage();
    const { archive, counts } = writerOf(storage);
    await keep(archive, recordOf("/before", { size: 3 }), contentOf(Buffer.from("abc")));
    await keep(archive, recordOf("/broken", { size: 9 }), breakingOff(Buffer.from("half")));
    await keep(archive, recordOf("/after", { size: 3 }), contentOf(Buffer.from("xyz")));
    await archive.finish();
    expect(archive.errors).toEqual(['"/broken": the source broke off']);
    expect((await readArchive(storage, "/")).map(({ pathname }) => pathname)).toEqual(["/before", "/after"]);
    expect((await bytesOf(await find(storage, "/before"))).toString()).toBe("abc");
    expect((await bytesOf(await find(storage, "/after"))).toString()).toBe("xyz");
    expect(counts).toEqual([1, 2, 3]);
  });

  it("ends when the storage fails, because a packfile has content of several entries", async () => {
    const storage = new MemoryStorage();
    storage.failingPut = 1;
    const { archive } = writerOf(storage);
    await keep(archive, recordOf("/small", { size: 3 }), contentOf(Buffer.from("abc")));
    await expect(
      keep(archive, recordOf("/large", { size: PACKFILE_BYTES }), contentOf(pseudoRandom(PACKFILE_BYTES))),
    ).rejects.toThrow("the disk is full");
    await expect(keep(archive, recordOf("/next", { size: 3 }), contentOf(Buffer.from("abc")))).rejects.toThrow(
      "the disk is full",
    );
    await expect(archive.finish()).rejects.toThrow("the disk is full");
    expect(storage.keysOf("state")).toEqual([]);
  });

  it("ends when the storage writes fewer bytes than it received", async () => {
    const storage = new MemoryStorage();
    storage.put = async () => 2;
    const { archive } = writerOf(storage);
    await archive.record(recordOf("/file", { size: 3 }), contentOf(Buffer.from("abc")));
    await expect(archive.finish()).rejects.toThrow("the storage wrote 2 of 3 bytes of packfile ");
  });
});

describe("a damaged storage", () => {
  async function archived(): Promise<MemoryStorage> {
    const storage = new MemoryStorage();
    const { archive } = writerOf(storage);
    await archive.record(recordOf("/file", { size: 3000 }), contentOf(pseudoRandom(3000)));
    await archive.finish();
    return storage;
  }

  function change(
    storage: MemoryStorage,
    kind: "packfile" | "state",
    changed: (content: Uint8Array) => Uint8Array,
  ): void {
    for (const key of storage.keysOf(kind))
      storage.resources.set(key, changed(storage.resources.get(key) ?? new Uint8Array(0)));
  }

  const flipped = (content: Uint8Array): Uint8Array =>
    content.map((byte, i) => (i === 1500 % content.length ? byte ^ 1 : byte));

  it("is detected by a changed list of entries", async () => {
    const storage = await archived();
    change(storage, "state", flipped);
    await expect(readArchive(storage, "/")).rejects.toThrow(
      /^the content of state [0-9a-f]{64} differs from what was stored$/,
    );
  });

  it("is detected by a truncated list of entries", async () => {
    const storage = await archived();
    change(storage, "state", (content) => content.subarray(0, -1));
    await expect(readArchive(storage, "/")).rejects.toThrow("differs from what was stored");
  });

  it("is detected by a missing or a second list of entries", async () => {
    await expect(readArchive(new MemoryStorage(), "/")).rejects.toThrow("the storage has 0 states, expected 1");
    const storage = await archived();
    storage.resources.set(`state ${"0".repeat(64)}`, Buffer.from("{}"));
    await expect(readArchive(storage, "/")).rejects.toThrow("the storage has 2 states, expected 1");
  });

  it("is detected by a changed byte of content", async () => {
    const storage = await archived();
    change(storage, "packfile", flipped);
    const entry = await find(storage, "/file");
    await expect(bytesOf(entry)).rejects.toThrow(
      'the content of "/file" in the storage differs from what was backed up',
    );
  });

  it("is detected by a packfile that is too short", async () => {
    const storage = await archived();
    change(storage, "packfile", (content) => content.subarray(0, -1));
    const entry = await find(storage, "/file");
    await expect(bytesOf(entry)).rejects.toThrow(/^read 2999 bytes of packfile [0-9a-f]{64}, expected 3000$/);
  });

  it("is detected by a range that is too long", async () => {
    const storage = await archived();
    storage.get = async function* (kind, mac) {
      yield storage.resources.get(`${kind} ${mac.hex}`) ?? new Uint8Array(0);
      if (kind === "packfile") yield new Uint8Array(1);
    };
    const entry = await find(storage, "/file");
    await expect(bytesOf(entry)).rejects.toThrow(/^read 3001 bytes of packfile/);
  });

  it("is detected by a missing packfile", async () => {
    const storage = await archived();
    for (const key of storage.keysOf("packfile")) storage.resources.delete(key);
    const entry = await find(storage, "/file");
    await expect(bytesOf(entry)).rejects.toThrow("no packfile");
    // Failures are not cached, as the next read may succeed.
    await expect(bytesOf(entry)).rejects.toThrow("no packfile");
  });
});
