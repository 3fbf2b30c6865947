/** Any thrown value, anywhere in an author's code, is reported to the host, and the plugin goes on. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import { fileInfoOf } from "@kloset/model";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import {
  macNamed,
  startMisbehavingExporter,
  startMisbehavingImporter,
  startMisbehavingStorage,
} from "./testing/misbehaving.js";
import type { Log } from "./testing/log.js";
import { bytesOf, contentOf } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const unprintable = "the plugin threw something that cannot be printed";

/** The text that the host gets for each value in the fixture `thrown.js`. */
const texts: Record<string, string | RegExp> = {
  undefined: /threw undefined$/,
  null: /threw null$/,
  "a text": "just a text",
  "an empty text": /threw an empty string$/,
  "a number": /threw 42$/,
  "a symbol": /threw Symbol\(odd\)$/,
  "a function": /threw \[Function: refuse\]$/,
  "an object": /threw { reason: 'odd' }$/,
  "an object without prototype": /threw \[Object: null prototype\] { reason: 'odd' }$/,
  "throwing getters": unprintable,
  "a proxy": unprintable,
  "a revoked proxy": unprintable,
  "an error of 10 MB": /^x{40000,70000}… \(\d+ more (?:bytes|characters)\)$/,
  "an error of 10 MB in UTF-8": /^é{8000,70000}… \(\d+ more (?:bytes|characters)\)$/,
  "a cyclic error": "cyclic",
  "a frozen error": "frozen",
  "a message that is a symbol": "Symbol(odd)",
  "an unreadable message": unprintable,
  "an error without a message": "RangeError",
  "several errors": /^one; two; .*undefined$/,
  "half a character": "half \uFFFD of it",
  "a status": "not found",
};

const names = Object.keys(texts);

function matching(text: string | RegExp | undefined): unknown {
  return text instanceof RegExp ? expect.stringMatching(text) : text;
}

/** Returns the expected failure of a call for each value. */
function refusals(prefix = ""): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [
      prefix + name,
      { name: "PluginError", code: StatusCode.UNKNOWN, message: matching(texts[name]) },
    ]),
  );
}

/** Expects the stack of the RangeError alone, which a mistake in the program causes, and not once for each call. */
function expectStacks(log: Log): void {
  expect(log.text).toMatch(/^RangeError.*\n +at /m);
  expect(log.lines("RangeError").length).toBeLessThanOrEqual(3);
  expect(log.text).not.toMatch(/^Error: frozen/m);
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
  it("fails readers and entries of an importer that throw any value, at once or later", async () => {
    const { client, log, stop } = await startMisbehavingImporter(generation);
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
    expect(await stop()).toEqual({ code: 1, signal: null });
    for (const what of ["uncaught exception: ", "unhandled rejection: "]) {
      expect(log.lines(what)).toHaveLength(names.length);
      expect(log.lines(what)).toContain(`${what}'just a text'`);
    }
    expectStacks(log);
  });

  it("fails the file of an exporter that throws any value, and stores the next", async () => {
    const outcomes: Record<string, unknown> = {};
    const { client, log, stop } = await startMisbehavingExporter(generation);
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
    // The log is a separate pipe, so a line may arrive after the answer to the host.
    await log.waitFor("stored /good: 65536");
    expect(log.lines("stored")).toEqual(["stored /good: 65536"]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    expectStacks(log);
  });

  it("fails the put, the get and the call of a storage that throw any value, and goes on", async () => {
    const { client, log, stop } = await startMisbehavingStorage(generation);
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
    expectStacks(log);
  });

  it.each(["undefined", "throwing getters", "a revoked proxy", "an error of 10 MB"])(
    "reports a close() that throws %s to the host, and exits with code 1",
    async (close) => {
      for (const start of [startMisbehavingImporter, startMisbehavingExporter, startMisbehavingStorage]) {
        const { client, stop } = await start(generation, { config: { close } });
        expect(await failureOf(client.close())).toEqual(refusals()[close]);
        expect(await stop()).toEqual({ code: 1, signal: null });
      }
      const { log, stop } = await startMisbehavingImporter(generation, { config: { close } });
      expect(await stop()).toEqual({ code: 1, signal: null });
      expect(log.text).toContain("importer, exporter, storage: close() failed: ");
    },
  );

  it.each([
    ["debug", true],
    ["", false],
  ])("logs the stack of any error if KLOSET_LOG is %j: %j", async (level, logged) => {
    const config = { close: "a frozen error" };
    const { client, log, stop } = await startMisbehavingStorage(generation, { config, env: { KLOSET_LOG: level } });
    await expect(client.close()).rejects.toThrow("frozen");
    await stop();
    expect(/^Error: frozen\n +at /m.test(log.text)).toBe(logged);
  });
});
