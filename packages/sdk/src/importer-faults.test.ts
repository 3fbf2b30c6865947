import { describe, expect, it } from "@jest/globals";
import { PluginError, StatusCode } from "@kloset/host";
import { authorText, endFixturesAfterEach, generations, startImporter } from "./testing/fixture.js";
import { contentOf, recordOf, scanAll, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const unknown = { name: "PluginError", code: StatusCode.UNKNOWN, message: authorText };

describe.each(generations)("an importer with faults, on %s", (generation) => {
  it.each(["constructs", "origin"])("is refused in the author's words when %s throws", async (method) => {
    await expect(startImporter(generation, { config: { [method]: "throws" } })).rejects.toMatchObject(unknown);
  });

  it.each([
    ["throws", authorText],
    ["breaks", authorText],
    ["no iterable", "scan() returned 42: an iterable is needed"],
  ])("tells of a scan that %s, and goes on", async (scan, message) => {
    const { client, log, stop } = await startImporter(generation, { config: { scan } });
    const outcome = await scanAll(client.scan());
    const before = scan === "breaks" ? [{ pathname: "/", error: undefined }] : [];
    if (generation === "v1.0") {
      // A Scan that ends with an error makes these hosts loop for ever.
      expect(outcome.error).toBeUndefined();
      expect(outcome.records).toMatchObject([...before, { pathname: "/", error: message }]);
    } else {
      expect(outcome.error).toBeInstanceOf(PluginError);
      expect(outcome.error).toMatchObject({ code: StatusCode.UNKNOWN, message });
      expect(outcome.records).toMatchObject(before);
    }
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("acknowledged")).toHaveLength(generation === "v1.0" ? 0 : before.length);
  });

  it("reports what is no entry, and scans on", async () => {
    const { client, stop } = await startImporter(generation, { config: { scan: "garbage" } });
    const { records, error } = await scanAll(client.scan());
    expect(error).toBeUndefined();
    expect(records.slice(0, 7).map((record) => [record.pathname, record.error])).toEqual([
      ["/", undefined],
      ["/", "scan() yielded 42: an entry is needed"],
      ["/", "scan() yielded null: an entry is needed"],
      ["/", "scan() yielded an entry whose pathname is undefined: a string is needed"],
      ["/", 'pathname must begin with "/": "relative"'],
      ["/no-info", expect.stringContaining("the entry has neither fileInfo nor attribute nor error")],
      ["/good", undefined],
    ]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("fails what can not be read, in the author's words, and reads the rest", async () => {
    const { client, log, stop } = await startImporter(generation);
    const scan = client.scan();
    const outcomes: Record<string, unknown> = {};
    for await (const record of scan) {
      const { pathname } = record;
      if (pathname !== "/" && pathname !== "/endless" && pathname !== "/waits") {
        outcomes[pathname] = await contentOf(client, pathname).then(String, (error: unknown) => error);
      }
      await scan.acknowledge(record);
    }
    await scan.finish();
    expect(outcomes).toMatchObject({
      "/good": "content",
      "/throws": unknown,
      "/rejects": unknown,
      "/breaks": unknown,
      "/missing": { code: StatusCode.UNKNOWN, message: "ENOENT: no such file or directory, open '/nonexistent/file'" },
      "/throws-undefined": { code: StatusCode.UNKNOWN, message: "the plugin threw undefined" },
      "/rejects-later": "content",
      "/throws-in-timer": "content",
      "/is-a-number": { message: 'the content of "/is-a-number" is 42: bytes, or an iterable of bytes, is needed' },
      "/yields-text": {
        message: 'the content of "/yields-text" yielded a string of 7 characters: bytes (a Uint8Array) are needed',
      },
    });
    await log.says("unhandled rejection: Error: rejected too late\n    at ");
    await log.says("uncaught exception: Error: thrown in a timer\n    at ");
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("sends what was read before a failure", async () => {
    const { client } = await startImporter(generation);
    await scanUntil(client.scan(), "/waits");
    const read: string[] = [];
    const reading = (async () => {
      for await (const chunk of client.open(recordOf("/breaks"))) read.push(Buffer.from(chunk).toString());
    })();
    await expect(reading).rejects.toMatchObject(unknown);
    expect(read).toEqual(["content"]);
  });

  it("is told by its signal when a file has failed, and not when it was read", async () => {
    const { client, log } = await startImporter(generation);
    await scanUntil(client.scan(), "/waits");
    await contentOf(client, "/heard");
    await expect(contentOf(client, "/breaks")).rejects.toMatchObject(unknown);
    await log.says("breaks aborted");
    expect(log.lines("heard aborted")).toEqual([]);
  });

  it("is told by its signal when the host wants no more of a file", async () => {
    const { client, log } = await startImporter(generation);
    const scan = client.scan();
    await scanUntil(scan, "/waits");
    for (const pathname of ["/endless", "/waits"]) {
      const content = client.open(recordOf(pathname))[Symbol.asyncIterator]();
      expect((await content.next()).done).toBe(false);
      // v1.0's client sends CloseReader, v1.1's resets the call.
      await content.return?.();
      await log.says(`${pathname.slice(1)} aborted`);
    }
    await log.says("endless ended");
    expect((await contentOf(client, "/good")).toString()).toBe("content");
  });

  it("is told by its signal when the host wants no more of the scan", async () => {
    const { client, log, stop } = await startImporter(generation, { config: { scan: "waits" } });
    const controller = new AbortController();
    const scan = client.scan(controller.signal)[Symbol.asyncIterator]();
    expect(await scan.next()).toMatchObject({ value: { pathname: "/" } });
    controller.abort(new Error("enough"));
    await expect(scan.next()).rejects.toThrow("enough");
    await log.says("scan aborted: the host cancelled the call");
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });
});

describe("an importer that fails where only v1.1 asks", () => {
  it("answers Ping in the author's words", async () => {
    const { client } = await startImporter("v1.1", { config: { ping: "throws" } });
    await expect(client.ping()).rejects.toMatchObject(unknown);
    expect((await scanAll(client.scan())).error).toBeUndefined();
  });

  it("takes all acknowledgements though it fails on each, and says so", async () => {
    const { client, log } = await startImporter("v1.1", { config: { acknowledge: "throws" } });
    expect((await scanAll(client.scan())).error).toBeUndefined();
    await log.says(`kloset: acknowledge("/good") failed: ${authorText}`);
  });
});
