import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { exporter as wire } from "@kloset/protocol/v1.1";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, withMethods } from "./testing/fake-exporter.js";
import { runExport, startExport } from "./testing/hosts.js";
import { chunk, directory, file, fileRecord, type Request } from "./testing/records.js";

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
