/** Abort signals with many listeners: Node logs a leak warning from the 11th listener on. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, Mac } from "@kloset/model";
import { restore } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { startMisbehavingExporter, startMisbehavingImporter, startMisbehavingStorage } from "./testing/misbehaving.js";
import { contentOf, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const warning = "MaxListenersExceededWarning";

describe.each(generations)("on %s", (generation) => {
  it("allows an author any number of listeners on a reader's signal", async () => {
    const { client, log } = await startMisbehavingImporter(generation);
    const controller = new AbortController();
    await scanUntil(client.scan(controller.signal), "/end");
    expect(String(await contentOf(client, "/many listeners"))).toBe("content");
    controller.abort();
    await client.close();
    expect(log.text).not.toContain(warning);
  });

  it("adds one listener to a signal shared by many puts, and aborts them all", async () => {
    const { client, log, stop } = await startMisbehavingStorage(generation);
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

  it("restores many files at once with one signal, without a warning on either side", async () => {
    const { client, log } = await startMisbehavingExporter(generation, { options: { maxConcurrency: 50 } });
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
