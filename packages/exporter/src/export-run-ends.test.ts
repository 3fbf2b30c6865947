import { create } from "@bufbuild/protobuf";
import { describe, expect, it, jest } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { exporter as wire } from "@kloset/protocol/v1.1";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, finishing, withMethods } from "./testing/fake-exporter.js";
import { hostV1_1, runExport, startExport, streamOf } from "./testing/hosts.js";
import { chunk, directory, file, fileRecord, record, type Request } from "./testing/records.js";
import { newExporterSession } from "./session.js";

describe("the end of an Export", () => {
  it("fails only the file in which the host stopped, and completes", async () => {
    for (const size of [3, 400_000]) {
      const exporter = new FakeExporter();
      const { byPathname, error } = await runExport(exporter, [
        directory("/d"),
        ...file("/a", "1"),
        fileRecord("/d/broken", { size: 2 * size }),
        chunk("x".repeat(size)),
      ]);
      expect(error).toBeUndefined();
      expect(byPathname).toEqual({
        "/d": "",
        "/a": "",
        "/d/broken": expect.stringContaining('"/d/broken" broke off'),
      });
      expect(exporter.contentOf("/a")).toBe("1");
      expect(exporter.nodes.has("/d/broken")).toBe(false);
      expect(exporter.calls).toContain("setPermissions /d");
    }
  });

  it("fails the outer file if a record arrives within its content, and restores the inner one", async () => {
    const exporter = new FakeExporter();
    const { byPathname, error } = await runExport(exporter, [
      fileRecord("/broken", { size: 9 }),
      chunk("x"),
      ...file("/a", "1"),
    ]);
    expect(error).toBeUndefined();
    expect(byPathname).toEqual({
      "/broken": expect.stringContaining('"/broken" broke off: another record'),
      "/a": "",
    });
    expect([...exporter.nodes.keys()]).toEqual(["/", "/a"]);
  });

  it("skips packets of unknown kinds, except within content", async () => {
    const unknown = create(wire.ExportRequestSchema, {});
    const exporter = new FakeExporter();
    const { byPathname, error } = await runExport(exporter, [
      unknown,
      fileRecord("/broken", { size: 2 }),
      chunk("x"),
      unknown,
      chunk("x"),
      chunk(),
      ...file("/a", "1"),
    ]);
    expect(error).toBeUndefined();
    expect(byPathname).toEqual({
      "/broken": expect.stringContaining('"/broken" broke off: a packet of an unknown kind'),
      "/a": "",
    });
  });

  it("rejects data without a record, after reading the whole stream", async () => {
    let drained = false;
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      yield* file("/a", "1");
      yield chunk("stray");
      yield* file("/b", "2");
      drained = true;
    }
    const exporter = new FakeExporter();
    const { byPathname, error } = await runExport(exporter, requests());
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: "Export: data came before a record that has data",
    });
    expect(byPathname["/a"]).toBe("");
    expect(drained).toBe(true);
  });

  it("fails if the request stream fails, within a file or between files", async () => {
    for (const last of [
      [],
      [fileRecord("/b", { size: 5 }), chunk("x")],
      [fileRecord("/b"), chunk("x".repeat(300_000))],
    ]) {
      async function* requests(): AsyncGenerator<Request, void, undefined> {
        yield* [directory("/d"), ...file("/a", "1"), ...last];
        throw new Error("message is too large");
      }
      const exporter = new FakeExporter();
      const { byPathname, error } = await runExport(exporter, requests());
      expect(error).toMatchObject({ code: Code.Unknown, rawMessage: "message is too large" });
      expect(byPathname["/a"]).toBe("");
      expect(exporter.nodes.has("/b")).toBe(false);
    }
  });

  it("applies back-pressure when the host reads no results", async () => {
    let sent = 0;
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      for (; sent < 5000; sent++) yield* file(`/f${sent}`, "x");
    }
    const exporter = new FakeExporter();
    const answers = await startExport(exporter, requests(), { maxConcurrency: 4 });
    let results = 0;
    const first = answers.next();
    for (let before = -1; before !== sent;) {
      before = sent;
      await settled();
    }
    expect(sent).toBeGreaterThan(1000);
    expect(sent).toBeLessThan(1100);
    for (let next = await first; next.done !== true; next = await answers.next()) results++;
    expect(results).toBe(5000);
  });

  it("makes the author's data throw if the call is aborted within a file", async () => {
    for (const size of [1, 300_000]) {
      const controller = new AbortController();
      const seen: unknown[] = [];
      const exporter = withMethods(new FakeExporter(), {
        storeFile: async (pathname, data, _, { signal }) => {
          try {
            for await (const piece of data) expect(piece.length).toBeGreaterThan(0);
          } catch (error) {
            seen.push([pathname, error, signal.aborted]);
            throw error;
          }
        },
      });
      async function* requests(): AsyncGenerator<Request, void, undefined> {
        yield fileRecord("/a", { size: 2 * size });
        yield chunk("x".repeat(size));
        await new Promise(() => undefined);
      }
      const answers = await startExport(exporter, requests(), { signal: controller.signal });
      const next = answers.next();
      await settled();
      controller.abort(new Error("the host has gone"));
      await expect(next).rejects.toMatchObject({ code: Code.Canceled, rawMessage: "the host has gone" });
      expect(await answers.next()).toMatchObject({ done: true });
      // The small file was still being buffered.
      expect(seen).toEqual(size === 1 ? [] : [["/a", new Error("the host has gone"), true]]);
    }
  });

  it("ends at once if the call was aborted before it began", async () => {
    const exporter = new FakeExporter();
    const answers = await startExport(exporter, file("/a", "x"), { signal: AbortSignal.abort(new Error("gone")) });
    await expect(answers.next()).rejects.toMatchObject({ code: Code.Canceled, rawMessage: "gone" });
    expect(exporter.calls).toEqual([]);
  });

  it("waits for running tasks when the host stops reading results", async () => {
    const gate = deferred();
    const signals: AbortSignal[] = [];
    const begun = deferred();
    const exporter = new FakeExporter((call) => {
      if (call !== "storeFile /b") return undefined;
      begun.resolve();
      return gate.promise;
    });
    const watched = withMethods(exporter, {
      storeFile: (pathname, data, size, context) => {
        signals.push(context.signal);
        return exporter.storeFile(pathname, data, size, context);
      },
    });
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      yield* [...file("/a", "1"), ...file("/b", "2")];
      await new Promise(() => undefined);
    }
    const answers = await startExport(watched, requests(), { maxConcurrency: 2 });
    await answers.next();
    await begun.promise;
    const returned = answers.return?.();
    await settled();
    // "/a" is already stored, so only the running call is aborted.
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    gate.resolve();
    await returned;
    expect(exporter.events.at(-1)).toMatch(/^- .* \/b$/);
  });

  it("does not abort the signal of a completed call", async () => {
    const exporter = new FakeExporter();
    await runExport(exporter, file("/a", "1"));
    expect(exporter.contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
  });
});

describe("an exporter that finishes, on v1.1", () => {
  it("is finished once, when every record was handled, even if some failed", async () => {
    const exporter = new FakeExporter((call) => {
      if (call.endsWith("/bad")) throw new Error("disk full");
    });
    const session = newExporterSession();
    const requests = [directory("/d"), ...file("/bad", "x"), ...file("/a", "1")];
    const answers = await startExport(finishing(exporter), requests, { session, maxConcurrency: 2 });
    let results = 0;
    while ((await answers.next()).done !== true) results++;
    expect(results).toBe(3);
    expect(exporter.events.slice(-2)).toEqual(["- setPermissions /d", "finish"]);
    await session.close("plakar.exporter.Exporter/Close");
    await session.end();
    expect(exporter.events.slice(-2)).toEqual(["finish", "close"]);
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("no index"))],
    [
      "throws",
      () => {
        throw new Error("no index");
      },
    ],
  ])("fails the Export after all results if its finish() %s", async (_, finish) => {
    const exporter = new FakeExporter();
    const { byPathname, error } = await runExport(finishing(exporter, finish), file("/a", "1"));
    expect(byPathname).toEqual({ "/a": "" });
    expect(error).toMatchObject({ code: Code.Unknown, rawMessage: "no index" });
  });

  it("is closed only after finish() has settled, and a notice says that it takes long", async () => {
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const gate = deferred();
      const exporter = new FakeExporter();
      const session = newExporterSession({ closeNoticeMs: 3 });
      const answers = await startExport(
        finishing(exporter, () => gate.promise),
        [],
        { session },
      );
      const end = answers.next();
      while (written.mock.calls.length === 0) await settled();
      const closing = session.close("plakar.exporter.Exporter/Close");
      await settled();
      expect(exporter.events).toEqual(["finish"]);
      gate.resolve();
      expect(await end).toMatchObject({ done: true });
      await closing;
      expect(exporter.events).toEqual(["finish", "close"]);
      expect(written.mock.calls).toEqual([[expect.stringMatching(/^finish\(\) has not finished after 0\.003 s;/)]]);
    } finally {
      written.mockRestore();
    }
  });

  it.each<[string, () => AsyncIterable<Request> | Iterable<Request>]>([
    ["the host stopped within a small file", () => [...file("/a", "1"), fileRecord("/b", { size: 9 }), chunk("x")]],
    ["the host stopped within a large file", () => [fileRecord("/b"), chunk("x".repeat(300_000))]],
    ["the host stopped within a file that is skipped", () => [record({ pathname: "/b", hasReader: true }), chunk("x")]],
    ["the Export failed", () => [...file("/a", "1"), chunk("stray"), ...file("/b", "2")]],
    [
      "the stream of requests failed",
      async function* () {
        yield* file("/a", "1");
        throw new Error("reset");
      },
    ],
  ])("is not finished if %s", async (_, requests) => {
    const exporter = new FakeExporter();
    await runExport(finishing(exporter), requests());
    expect(exporter.events).not.toContain("finish");
  });

  it("is not finished if the host cancels or disappears, even after its last record", async () => {
    for (const last of [true, false]) {
      const gate = deferred();
      const exporter = new FakeExporter((call) => (call === "setPermissions /a" ? gate.promise : undefined));
      const controller = new AbortController();
      const session = newExporterSession();
      async function* requests(): AsyncGenerator<Request, void, undefined> {
        yield* file("/a", "1");
        if (!last) await new Promise(() => undefined);
      }
      const answers = await startExport(finishing(exporter), requests(), { session, signal: controller.signal });
      const next = answers.next();
      await settled();
      controller.abort(new Error("the host has gone"));
      session.abort();
      gate.resolve();
      await expect(next).rejects.toMatchObject({ code: Code.Canceled });
      await session.end();
      expect(exporter.events.slice(-2)).toEqual(["- setPermissions /a", "close"]);
    }
  });

  it("is not finished if the host stops reading the results", async () => {
    const exporter = new FakeExporter();
    const session = newExporterSession();
    const requests = [...file("/a", "1"), ...file("/b", "2")];
    const answers = await startExport(finishing(exporter), requests, { session });
    await answers.next();
    await answers.return?.();
    await session.end();
    expect(exporter.events).not.toContain("finish");
    expect(exporter.events.at(-1)).toBe("close");
  });

  it("is not finished by Close alone, and accepts only one Export", async () => {
    const exporter = new FakeExporter();
    const { client } = hostV1_1(finishing(exporter));
    await client.init({ proto: "fake", config: { location: "fake:///srv/o" } });
    const twice = async () => {
      for await (const result of client.export(streamOf([]))) expect(result).toBeUndefined();
    };
    await twice();
    await expect(twice()).rejects.toMatchObject({ rawMessage: expect.stringContaining("Export was called twice") });
    await client.close({});
    expect(exporter.events).toEqual(["finish", "close"]);

    const idle = new FakeExporter();
    const other = hostV1_1(finishing(idle));
    await other.client.init({ proto: "fake", config: { location: "fake:///srv/o" } });
    await other.client.close({});
    expect(idle.events).toEqual(["close"]);
  });
});
