/** Whatever an author throws, wherever: the host is told something, and the plugin goes on. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import { fileInfoOf } from "@kloset/model";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { macNamed, startOddExporter, startOddImporter, startOddStorage } from "./testing/odd.js";
import { bytesOf, contentOf } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const unprintable = "the plugin threw something that cannot be printed";

/** What the host is told, of each thing in the fixture `thrown.js`. */
const texts: Record<string, string | RegExp> = {
  undefined: "the plugin threw undefined",
  null: "the plugin threw null",
  "a text": "just a text",
  "an empty text": "the plugin threw an empty string",
  "a number": "the plugin threw 42",
  "a symbol": "the plugin threw Symbol(odd)",
  "a function": "the plugin threw [Function: refuse]",
  "an object": "the plugin threw { reason: 'odd' }",
  "an object without prototype": "the plugin threw [Object: null prototype] { reason: 'odd' }",
  "throwing getters": unprintable,
  "a proxy": unprintable,
  "a revoked proxy": unprintable,
  "an error of 10 MB": /^x{40000,70000}… \(\d+ more (?:bytes|characters)\)$/,
  "an error of 10 MB in UTF-8": /^é{8000,70000}… \(\d+ more (?:bytes|characters)\)$/,
  "a cyclic error": "cyclic",
  "a frozen error": "frozen",
  "a message that is a symbol": "Symbol(odd)",
  "a message that can not be read": unprintable,
  "an error without a message": "RangeError",
  "several errors": "one; two; the plugin threw undefined",
  "half a character": "half \uFFFD of it",
  "a status": "not found",
};

const names = Object.keys(texts);

function matching(text: string | RegExp | undefined): unknown {
  return text instanceof RegExp ? expect.stringMatching(text) : text;
}

/** What each thing should make of a call. */
function refusals(prefix = ""): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [
      prefix + name,
      { name: "PluginError", code: StatusCode.UNKNOWN, message: matching(texts[name]) },
    ]),
  );
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "no failure",
    (error: unknown) => {
      const { name, code, message } = error as Error & { code?: number };
      return { name, code, message };
    },
  );
}

describe.each(generations)("on %s", (generation) => {
  it("an importer fails what throws anything, in its readers and its entries, now or later", async () => {
    const { client, log, stop } = await startOddImporter(generation);
    const scan = client.scan();
    const thrown: Record<string, unknown> = {};
    const scanned: Record<string, unknown> = {};
    const late: Record<string, unknown> = {};
    for await (const record of scan) {
      const { pathname, error } = record;
      if (error !== undefined) scanned[pathname] = error;
      else if (/ later with | in a timer$/.test(pathname)) late[pathname] = String(await contentOf(client, pathname));
      else if (pathname.startsWith("/throws ")) thrown[pathname] = await failureOf(contentOf(client, pathname));
      await scan.acknowledge(record);
    }
    await scan.finish();
    expect(thrown).toEqual(refusals("/throws "));
    const entries = names.filter((name) => name !== "undefined" && name !== "null");
    expect(scanned).toEqual({
      ...Object.fromEntries(entries.map((name) => [`/scan ${name}`, matching(texts[name])])),
      "/scan undefined": "nothing",
      "/scan null": "nothing",
    });
    expect(late).toEqual(
      Object.fromEntries(
        names.flatMap((name) => [
          [`/rejects later with ${name}`, "x"],
          [`/throws ${name} in a timer`, "x"],
        ]),
      ),
    );
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    for (const what of ["uncaught exception: ", "unhandled rejection: "]) {
      expect(log.lines(what)).toHaveLength(names.length);
      expect(log.lines(what)).toContain(`${what}'just a text'`);
    }
  });

  it("an exporter fails the file that throws anything, and stores the next", async () => {
    const outcomes: Record<string, unknown> = {};
    const { client, log, stop } = await startOddExporter(generation);
    const content = Buffer.alloc(64 * 1024);
    if (client.generation === "v1.0") {
      for (const name of names)
        outcomes[name] = await failureOf(storeOne(client, `/throws ${name}`, content, content.length));
      expect(outcomes).toEqual(refusals());
      await storeOne(client, "/good", content, content.length);
    } else {
      const stream = client.export();
      const sending = (async () => {
        for (const name of [...names.map((each) => `/throws ${each}`), "/good"]) {
          await stream.sendRecord({ pathname: name, fileInfo: fileInfoOf({ size: content.length }) });
          await stream.sendContent(content);
          await stream.endContent();
        }
        stream.halfClose();
      })();
      for await (const { pathname, error } of stream.results()) outcomes[pathname] = error;
      await sending;
      expect(outcomes).toEqual({
        ...Object.fromEntries(names.map((name) => [`/throws ${name}`, matching(texts[name])])),
        "/good": undefined,
      });
    }
    // Its log is a pipe of its own: what it says may come after what the host was answered.
    await log.says("stored /good: 65536");
    expect(log.lines("stored")).toEqual(["stored /good: 65536"]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("a storage fails the put, the get and the call that throw anything, and goes on", async () => {
    const { client, log, stop } = await startOddStorage(generation);
    const puts: Record<string, unknown> = {};
    const gets: Record<string, unknown> = {};
    for (const name of names) {
      const mac = macNamed(`throws ${name}`);
      puts[name] = await failureOf(client.put("packfile", mac, Buffer.alloc(64 * 1024)));
      gets[name] = await failureOf(bytesOf(client.get("packfile", mac)));
    }
    expect(puts).toEqual(refusals());
    expect(gets).toEqual(refusals());
    await client.put("state", macNamed("good"), Buffer.alloc(5));
    expect(log.lines("stored")).toEqual(["stored state: 5"]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it.each(["undefined", "throwing getters", "a revoked proxy", "an error of 10 MB"])(
    "close() that throws %s is told to the host, and ends the plugin with 1",
    async (close) => {
      for (const start of [startOddImporter, startOddExporter, startOddStorage]) {
        const { client, stop } = await start(generation, { config: { close } });
        expect(await failureOf(client.close())).toEqual(refusals()[close]);
        expect(await stop()).toEqual({ code: 1, signal: null });
      }
      const { log, stop } = await startOddImporter(generation, { config: { close } });
      expect(await stop()).toEqual({ code: 1, signal: null });
      expect(log.text).toContain("importer, exporter, storage: close() failed: ");
    },
  );
});
