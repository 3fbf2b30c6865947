import { describe, expect, it } from "@jest/globals";
import type { ByteStream, FileInfoInit } from "@kloset/model";
import type { Exporter } from "./exporter.js";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, withMethods, without } from "./testing/fake-exporter.js";
import { runExport, startExport } from "./testing/hosts.js";
import { chunk, directory, file, fileRecord, record, symlink, wireInfo, type Request } from "./testing/records.js";

const SMALL = "same content";
const LARGE = Array.from({ length: 5 }, () => "x".repeat(100_000));
const linked = (init: FileInfoInit = {}): FileInfoInit => ({ dev: 1n, ino: 2n, nlink: 2, ...init });
const textOf = (content: string | readonly string[]) => (typeof content === "string" ? content : content.join(""));

describe("concurrent files", () => {
  it.each([1, 3, 8])("stores at most %d small files concurrently", async (maxConcurrency) => {
    const exporter = new FakeExporter(async () => settled());
    const requests = Array.from({ length: 12 }, (_, i) => file(`/f${i}`, String(i))).flat();
    const { byPathname } = await runExport(exporter, requests, { maxConcurrency });
    expect(Object.values(byPathname)).toEqual(Array.from({ length: 12 }, () => ""));
    expect(exporter.peak).toBe(maxConcurrency);
  });

  it("sends results in the order in which files complete", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call === "storeFile /slow" ? gate.promise : undefined));
    const answers = await startExport(exporter, [...file("/slow", "1"), ...file("/quick", "2")], { maxConcurrency: 2 });
    expect(await answers.next()).toMatchObject({ value: { result: { header: { pathname: "/quick" } } } });
    gate.resolve();
    expect(await answers.next()).toMatchObject({ value: { result: { header: { pathname: "/slow" } } } });
  });

  it("counts a streamed file towards the limit", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call.startsWith("storeFile") ? gate.promise : undefined));
    const requests = [...file("/a", "1"), ...file("/b", "2"), ...file("/large", LARGE)];
    const running = runExport(exporter, requests, { maxConcurrency: 2 });
    await settled();
    expect(exporter.calls).toEqual(["storeFile /a", "storeFile /b"]);
    gate.resolve();
    expect((await running).byPathname).toEqual({ "/a": "", "/b": "", "/large": "" });
    expect(exporter.peak).toBe(2);
    expect(exporter.contentOf("/large")).toBe(textOf(LARGE));
  });

  it("limits the buffered content regardless of the concurrency", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call.startsWith("storeFile") ? gate.promise : undefined));
    let sent = 0;
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      for (; sent < 200; sent++) yield* file(`/f${sent}`, "x".repeat(256 * 1024));
    }
    const running = runExport(exporter, requests(), { maxConcurrency: 65_535 });
    for (let before = -1; before !== sent;) {
      before = sent;
      await settled();
    }
    // 64 files of 256 KiB make 16 MiB. One more has been read and waits.
    expect(exporter.calls).toHaveLength(64);
    expect(sent).toBe(64);
    gate.resolve();
    expect(Object.values((await running).byPathname).every((error) => error === "")).toBe(true);
  });
});

describe("streaming large files", () => {
  it.each([
    ["of many bytes", Array.from({ length: 50 }, () => "x".repeat(100_000))],
    ["of many chunks", Array.from({ length: 3000 }, () => "x")],
  ])("reads a file %s only as fast as the author does", async (_, pieces) => {
    const gate = deferred();
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (__, data) => {
        const chunks = data[Symbol.asyncIterator]();
        await chunks.next();
        await gate.promise;
        while ((await chunks.next()).done !== true);
      },
      setPermissions: () => undefined,
    });
    let pulled = 0;
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      for (const request of file("/large", pieces)) {
        pulled++;
        yield request;
      }
    }
    const running = runExport(exporter, requests());
    await settled();
    const waiting = pulled;
    await settled();
    expect(pulled).toBe(waiting);
    expect(pulled).toBeLessThan(pieces.length / 2);
    gate.resolve();
    expect((await running).byPathname).toEqual({ "/large": "" });
    expect(pulled).toBe(pieces.length + 2);
  });

  it.each([0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1024 * 1024, 3_000_000])(
    "stores all of %d bytes",
    async (size) => {
      const content = Buffer.alloc(size, "0123456789").toString("latin1");
      const pieces = content.match(/[^]{1,65536}/g) ?? [];
      const exporter = new FakeExporter();
      await runExport(exporter, file("/f", pieces));
      expect(exporter.contentOf("/f") === content).toBe(true);
    },
  );

  it("skips the rest of a file if the author fails, and continues with the next", async () => {
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (pathname, data) => {
        let length = 0;
        for await (const piece of data) {
          length += piece.length;
          if (pathname === "/large" && length > 100_000) throw new Error("ENOSPC: no space left");
        }
      },
      setPermissions: () => undefined,
    });
    const { byPathname, error } = await runExport(exporter, [...file("/large", LARGE), ...file("/next", "1")]);
    expect(error).toBeUndefined();
    expect(byPathname).toEqual({ "/large": "ENOSPC: no space left", "/next": "" });
  });

  it("fails a file that the author did not read completely", async () => {
    const exporter = withMethods(new FakeExporter(), { storeFile: () => undefined, setPermissions: () => undefined });
    const { byPathname } = await runExport(exporter, [
      ...file("/small", "abc"),
      ...file("/large", LARGE),
      ...file("/empty", ""),
    ]);
    expect(byPathname).toEqual({
      "/small": expect.stringContaining('read 0 of the 3 bytes of "/small"'),
      "/large": expect.stringContaining('read 0 of the 500000 bytes of "/large"'),
      "/empty": "",
    });
  });

  it("fails a file whose storing the author does not wait for", async () => {
    const outcomes: Promise<unknown>[] = [];
    const store = async (content: ByteStream): Promise<void> => {
      for await (const piece of content) expect(piece.length).toBeGreaterThan(0);
      throw new Error("disk full");
    };
    const forgetful: readonly Exporter["storeFile"][] = [
      (_, data) => void outcomes.push(store(data).catch(String)),
      async (_, data) => {
        outcomes.push(store(data).catch(String));
        await Promise.resolve();
      },
    ];
    for (const storeFile of forgetful) {
      const exporter = withMethods(new FakeExporter(), { storeFile, setPermissions: () => undefined });
      const { byPathname, error } = await runExport(exporter, [
        ...file("/small", "abc"),
        ...file("/pieces", ["a", "b", "c"]),
        ...file("/empty", ""),
        ...file("/large", LARGE),
        directory("/next"),
      ]);
      expect(error).toBeUndefined();
      const failed = expect.stringContaining("storeFile() returned before it had read its data") as unknown;
      expect(byPathname).toEqual({
        "/small": failed,
        "/pieces": failed,
        "/empty": failed,
        "/large": failed,
        "/next": "",
      });
    }
    expect(await Promise.all(outcomes)).toEqual(
      Array.from({ length: 8 }, () => expect.stringContaining("was read after storeFile() had ended") as unknown),
    );
  });

  it.each([undefined, null, "", new Error(""), Object.assign(new Error(""), { name: "" })])(
    "never treats a thrown %p as success",
    async (thrown) => {
      const wrong = new Set(["setPermissions /small", "storeFile /large"]);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- authors may throw anything
      const exporter = new FakeExporter((call) => (wrong.has(call) ? Promise.reject(thrown) : undefined));
      const { byPathname } = await runExport(exporter, [...file("/small", "abc"), ...file("/large", LARGE)]);
      for (const text of Object.values(byPathname)) expect(text).not.toBe("");
    },
  );
});

describe.each([
  ["buffered", SMALL],
  ["streamed", LARGE],
])("hard links, %s", (_, content) => {
  const run = (exporter: Exporter, requests: Iterable<Request>) => runExport(exporter, requests, { maxConcurrency: 4 });
  const different = typeof content === "string" ? "same c0ntent" : [...content.slice(1), "y".repeat(100_000)];

  it("become links if the content is the same", async () => {
    const exporter = new FakeExporter();
    const { byPathname } = await run(exporter, [
      ...file("/a", content, linked({ nlink: 3 })),
      ...file("/b", content, linked({ nlink: 3 })),
      ...file("/c", content, linked({ nlink: 3 })),
    ]);
    expect(byPathname).toEqual({ "/a": "", "/b": "", "/c": "" });
    expect(exporter.nodes.get("/b")).toBe(exporter.nodes.get("/a"));
    expect(exporter.nodes.get("/c")).toBe(exporter.nodes.get("/a"));
    expect(exporter.calls.filter((call) => call.startsWith("createLink"))).toEqual([
      "createLink hard /a /b",
      "createLink hard /a /c",
    ]);
    // Links follow the content and permissions of the first name.
    expect(exporter.events.indexOf("- setPermissions /a")).toBeLessThan(
      exporter.events.indexOf("+ createLink hard /a /b"),
    );
  });

  it("become separate files if the content or metadata differs", async () => {
    const exporter = new FakeExporter();
    const { byPathname } = await run(exporter, [
      ...file("/a", content, linked()),
      ...file("/b", different, linked()),
      ...file("/c", content, linked({ uid: 5 })),
      ...file("/d", content, { dev: 0n, ino: 0n, nlink: 2 }),
      ...file("/e", content, { dev: 0n, ino: 0n, nlink: 2 }),
    ]);
    expect(Object.values(byPathname)).toEqual(["", "", "", "", ""]);
    expect(exporter.calls.filter((call) => call.startsWith("createLink"))).toEqual([]);
    expect(exporter.contentOf("/b")).toBe(textOf(different));
    expect(new Set(["/a", "/b", "/c", "/d", "/e"].map((name) => exporter.nodes.get(name))).size).toBe(5);
    expect(exporter.nodes.get("/c")?.info?.uid).toBe(5);
  });

  it("are linked to the second name if the first failed", async () => {
    const exporter = new FakeExporter((call) => {
      if (call === "storeFile /a") throw new Error("EIO");
    });
    const { byPathname } = await run(exporter, [
      ...file("/a", content, linked({ nlink: 3 })),
      ...file("/b", content, linked({ nlink: 3 })),
      ...file("/c", content, linked({ nlink: 3 })),
    ]);
    expect(byPathname).toEqual({ "/a": "EIO", "/b": "", "/c": "" });
    expect(exporter.contentOf("/b")).toBe(textOf(content));
    expect(exporter.nodes.get("/c")).toBe(exporter.nodes.get("/b"));
  });

  it("are linked to the second name if the first was incomplete", async () => {
    const exporter = new FakeExporter();
    const broken = file("/a", content, linked({ nlink: 3 })).slice(0, -1);
    const { byPathname } = await run(exporter, [
      ...broken,
      ...file("/b", content, linked({ nlink: 3 })),
      ...file("/c", content, linked({ nlink: 3 })),
    ]);
    expect(byPathname).toMatchObject({ "/b": "", "/c": "" });
    expect(byPathname["/a"]).toMatch(/broke off/);
    expect(exporter.nodes.get("/c")).toBe(exporter.nodes.get("/b"));
  });

  it("are linked, but report an error if the permissions of the first failed", async () => {
    const exporter = new FakeExporter((call) => {
      if (call === "setPermissions /a") throw new Error("EPERM: chown");
    });
    const { byPathname } = await run(exporter, [...file("/a", content, linked()), ...file("/b", content, linked())]);
    expect(byPathname).toEqual({ "/a": "EPERM: chown", "/b": "EPERM: chown" });
    expect(exporter.nodes.get("/b")).toBe(exporter.nodes.get("/a"));
  });

  it("become separate files without createLink", async () => {
    const exporter = new FakeExporter();
    const { byPathname } = await run(without(exporter, "createLink"), [
      ...file("/a", content, linked()),
      ...file("/b", content, linked()),
    ]);
    expect(byPathname).toEqual({ "/a": "", "/b": "" });
    expect(exporter.contentOf("/b")).toBe(textOf(content));
    expect(exporter.nodes.get("/b")).not.toBe(exporter.nodes.get("/a"));
  });

  it("become separate files and report an error if createLink fails", async () => {
    const exporter = new FakeExporter((call) => {
      if (call.startsWith("createLink")) throw new Error("EMLINK: too many links");
    });
    const { byPathname } = await run(exporter, [...file("/a", content, linked()), ...file("/b", content, linked())]);
    expect(byPathname).toEqual({
      "/a": "",
      "/b": '"/b" was restored as a separate file, not as a hard link to "/a": EMLINK: too many links',
    });
    expect(exporter.contentOf("/b")).toBe(textOf(content));
    expect(exporter.nodes.get("/b")?.info).toBeDefined();
  });
});

describe("a pathname that is stored twice", () => {
  const run = (requests: readonly Request[], exporter = new FakeExporter()) =>
    runExport(exporter, requests, { maxConcurrency: 4 });

  it.each<[string, Request[]]>([
    ["a separate file", file("/a", "another", linked({ ino: 7n }))],
    ["a file with one name", file("/a", "another")],
    ["a large file", file("/a", LARGE)],
    ["a symbolic link", [symlink("/a", "elsewhere")]],
    ["a FIFO", [record({ pathname: "/a", fileInfo: wireInfo("/a", { type: "fifo" }) })]],
  ])("receives no further links once it has become %s", async (_, again) => {
    const exporter = new FakeExporter();
    const three = linked({ nlink: 3 });
    await run(
      [...file("/a", SMALL, three), ...again, ...file("/b", SMALL, three), ...file("/c", SMALL, three)],
      exporter,
    );
    expect(exporter.contentOf("/b")).toBe(SMALL);
    expect(exporter.nodes.get("/b")).not.toBe(exporter.nodes.get("/a"));
    expect(exporter.nodes.get("/c")).toBe(exporter.nodes.get("/b"));
  });

  it("is not linked to itself, and later names are linked to the last version", async () => {
    const exporter = new FakeExporter();
    const three = linked({ nlink: 3 });
    const { byPathname } = await run(
      [...file("/a", SMALL, three), ...file("/a", SMALL, three), ...file("/b", SMALL, three)],
      exporter,
    );
    expect(byPathname).toEqual({ "/a": "", "/b": "" });
    expect(exporter.calls.filter((call) => call.startsWith("createLink"))).toEqual(["createLink hard /a /b"]);
  });

  it("is replaced only after pending links to it are created", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call === "createLink hard /a /b" ? gate.promise : undefined));
    const requests = [...file("/a", SMALL, linked()), ...file("/b", SMALL, linked()), ...file("/a", "another")];
    const running = run(requests, exporter);
    await settled();
    expect(exporter.calls).toEqual(["storeFile /a", "setPermissions /a", "createLink hard /a /b"]);
    gate.resolve();
    await running;
    expect(exporter.contentOf("/b")).toBe(SMALL);
    expect(exporter.contentOf("/a")).toBe("another");
  });
});

describe("hard links", () => {
  it("wait for the first name to be stored", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call === "storeFile /a" ? gate.promise : undefined));
    const requests = [...file("/a", SMALL, linked()), ...file("/b", SMALL, linked()), ...file("/c", "other")];
    const running = runExport(exporter, requests, { maxConcurrency: 3 });
    await settled();
    expect(exporter.calls).toEqual(["storeFile /a", "storeFile /c", "setPermissions /c"]);
    gate.resolve();
    expect((await running).byPathname).toEqual({ "/a": "", "/b": "", "/c": "" });
    expect(exporter.nodes.get("/b")).toBe(exporter.nodes.get("/a"));
  });

  it("link or separate empty files like any others", async () => {
    const exporter = new FakeExporter();
    await runExport(exporter, [
      ...file("/a", "", linked()),
      ...file("/b", "", linked()),
      ...file("/c", ""),
      fileRecord("/d", { size: 0 }),
      chunk(),
    ]);
    expect(exporter.nodes.get("/b")).toBe(exporter.nodes.get("/a"));
    expect(exporter.nodes.get("/d")).not.toBe(exporter.nodes.get("/c"));
  });
});
