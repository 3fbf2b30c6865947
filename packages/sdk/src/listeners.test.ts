/** Signals that many listen to: Node warns the user of a leak from the 11th listener on. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, Mac } from "@kloset/model";
import { restore } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { startOddExporter, startOddImporter, startOddStorage } from "./testing/odd.js";
import { contentOf, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const warning = "MaxListenersExceededWarning";

describe.each(generations)("on %s", (generation) => {
  it("an author may listen to a reader's signal as often as needed", async () => {
    const { client, log } = await startOddImporter(generation);
    const controller = new AbortController();
    await scanUntil(client.scan(controller.signal), "/end");
    expect(String(await contentOf(client, "/many listeners"))).toBe("content");
    controller.abort();
    await client.close();
    expect(log.text).not.toContain(warning);
  });

  it("one signal for many puts has one listener, and aborts them all", async () => {
    const { client, log, stop } = await startOddStorage(generation);
    const controller = new AbortController();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const puts = Array.from({ length: 50 }, (_, i) => {
      const mac = Mac.fromBytes(new Uint8Array(32).fill(i + 1));
      async function* halting(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(1000);
        await released;
      }
      return client.put("packfile", mac, halting(), controller.signal);
    });
    const outcomes = Promise.allSettled(puts);
    expect(await client.mode()).toBe(6);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort(new Error("enough"));
    release();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { message: "enough" } });
    expect(await client.list("packfile")).toEqual([]);
    expect(log.text).not.toContain(warning);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("a restore of many files at once, with the caller's signal, warns on neither side", async () => {
    const { client, log } = await startOddExporter(generation, { options: { maxConcurrency: 50 } });
    const controller = new AbortController();
    const entries = Array.from({ length: 100 }, (_, i) => ({
      pathname: `/${i}`,
      fileInfo: fileInfoOf({ size: 4 }),
      read: () => Buffer.from("text"),
    }));
    expect(await restore(client, entries, { signal: controller.signal, maxConcurrency: 50 })).toMatchObject({
      entries: 100,
      errors: 0,
    });
    expect(getEventListeners(controller.signal, "abort").length).toBeLessThanOrEqual(1);
    expect(log.lines("stored")).toHaveLength(100);
    expect(log.text).not.toContain(warning);
  });
});
