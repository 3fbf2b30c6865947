import { describe, expect, it } from "@jest/globals";
import { PluginError, StatusCode } from "@kloset/host";
import { authorText, endFixturesAfterEach, generations, startImporter } from "./testing/fixture.js";
import { contentOf, recordOf, scanAll, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const unknown = { name: "PluginError", code: StatusCode.UNKNOWN, message: authorText };

describe.each(generations)("an importer with faults, on %s", (generation) => {
  it.each(["constructs", "origin"])("fails Init with the author's message when %s throws", async (method) => {
    await expect(startImporter(generation, { config: { [method]: "throws" } })).rejects.toMatchObject(unknown);
  });

  it.each<[string, unknown]>([
    ["throws", authorText],
    ["breaks", authorText],
    ["no iterable", expect.stringContaining("scan() returned 42")],
  ])("reports a failed scan (%s) and goes on", async (scan, message) => {
    const { client, log, stop } = await startImporter(generation, { config: { scan } });
    const outcome = await scanAll(client.scan());
    const before = scan === "breaks" ? [{ pathname: "/", error: undefined }] : [];
    if (generation === "v1.0") {
      // These hosts loop forever on a Scan that ends with an error.
      expect(outcome.error).toBeUndefined();
      const root = { pathname: "/", error: undefined };
      const failure = { pathname: "/", error: message };
      // If the scan has not yielded the root, the SDK makes it.
      expect(outcome.records).toMatchObject(scan === "breaks" ? [root, failure] : [failure, root]);
    } else {
      expect(outcome.error).toBeInstanceOf(PluginError);
      expect(outcome.error).toMatchObject({ code: StatusCode.UNKNOWN, message });
      expect(outcome.records).toMatchObject(before);
    }
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("acknowledged")).toHaveLength(generation === "v1.0" ? 0 : before.length);
  });

  it("reports invalid entries and continues the scan", async () => {
    const { client, stop } = await startImporter(generation, { config: { scan: "garbage" } });
    const { records, error } = await scanAll(client.scan());
    expect(error).toBeUndefined();
    expect(records.slice(0, 7).map((record) => [record.pathname, record.error])).toEqual([
      ["/", undefined],
      ["/", expect.stringContaining("scan() yielded 42")],
      ["/", expect.stringContaining("scan() yielded null")],
      ["/", expect.stringContaining("pathname is undefined")],
      ["/", expect.stringMatching(/pathname .*"relative"/)],
      ["/no-info", expect.stringContaining("neither fileInfo nor attribute nor error")],
      ["/good", undefined],
    ]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("fails unreadable files with the author's message and reads the rest", async () => {
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
      "/missing": {
        code: StatusCode.UNKNOWN,
        message: expect.stringMatching(/ENOENT.*\/nonexistent\/file/) as unknown,
      },
      "/throws-undefined": { code: StatusCode.UNKNOWN, message: expect.stringContaining("undefined") as unknown },
      "/rejects-later": "content",
      "/throws-in-timer": "content",
      "/is-a-number": { message: expect.stringContaining('"/is-a-number" is 42') as unknown },
      "/yields-text": {
        message: expect.stringContaining('"/yields-text" yielded a string of 7 characters') as unknown,
      },
    });
    await log.waitFor("unhandled rejection: Error: rejected too late\n    at ");
    await log.waitFor("uncaught exception: Error: thrown in a timer\n    at ");
    await client.close();
    expect(await stop()).toEqual({ code: 1, signal: null });
  });

  it("sends the chunks that were read before a failure", async () => {
    const { client } = await startImporter(generation);
    await scanUntil(client.scan(), "/waits");
    const read: string[] = [];
    const reading = (async () => {
      for await (const chunk of client.open(recordOf("/breaks"))) read.push(Buffer.from(chunk).toString());
    })();
    await expect(reading).rejects.toMatchObject(unknown);
    expect(read).toEqual(["content"]);
  });

  it("aborts a reader's signal when the file has failed, and not when it was read", async () => {
    const { client, log } = await startImporter(generation);
    await scanUntil(client.scan(), "/waits");
    await contentOf(client, "/heard");
    await expect(contentOf(client, "/breaks")).rejects.toMatchObject(unknown);
    await log.waitFor("breaks aborted");
    expect(log.lines("heard aborted")).toEqual([]);
  });

  it("aborts a reader's signal when the host stops reading the file", async () => {
    const { client, log } = await startImporter(generation);
    const scan = client.scan();
    await scanUntil(scan, "/waits");
    for (const pathname of ["/endless", "/waits"]) {
      const content = client.open(recordOf(pathname))[Symbol.asyncIterator]();
      expect((await content.next()).done).toBe(false);
      // The v1.0 client sends CloseReader; the v1.1 client resets the call.
      await content.return?.();
      await log.waitFor(`${pathname.slice(1)} aborted`);
    }
    await log.waitFor("endless ended");
    expect((await contentOf(client, "/good")).toString()).toBe("content");
  });

  it("aborts the scan's signal when the host cancels the scan", async () => {
    const { client, log, stop } = await startImporter(generation, { config: { scan: "waits" } });
    const controller = new AbortController();
    const scan = client.scan(controller.signal)[Symbol.asyncIterator]();
    expect(await scan.next()).toMatchObject({ value: { pathname: "/" } });
    controller.abort(new Error("enough"));
    await expect(scan.next()).rejects.toThrow("enough");
    await log.waitFor("scan aborted: the host cancelled the call");
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });
});

describe("an importer with faults in methods of v1.1", () => {
  it("answers Ping with the author's message", async () => {
    const { client } = await startImporter("v1.1", { config: { ping: "throws" } });
    await expect(client.ping()).rejects.toMatchObject(unknown);
    expect((await scanAll(client.scan())).error).toBeUndefined();
  });

  it("accepts all acknowledgements although acknowledge() throws, and logs it", async () => {
    const { client, log } = await startImporter("v1.1", { config: { acknowledge: "throws" } });
    expect((await scanAll(client.scan())).error).toBeUndefined();
    await log.waitFor(`acknowledge("/good") failed: ${authorText}`);
  });
});
