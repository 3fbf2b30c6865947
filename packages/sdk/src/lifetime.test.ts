import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import {
  endFixturesAfterEach,
  generations,
  startExporter,
  startImporter,
  startStorage,
  type FixtureOptions,
  type RunningFixture,
} from "./testing/fixture.js";

endFixturesAfterEach();

type Start = (
  generation: "v1.0" | "v1.1",
  options?: FixtureOptions,
) => Promise<RunningFixture & { readonly client: { close(): Promise<void> } }>;

const starts: Record<string, Start> = {
  importer: startImporter,
  exporter: startExporter,
  storage: startStorage,
};

describe.each(generations)("on %s", (generation) => {
  describe.each(Object.entries(starts))("the process of an %s", (_, start) => {
    it("closes the connector on Close and exits when the host has gone", async () => {
      const { client, log, stop } = await start(generation);
      await client.close();
      await log.waitFor("closed\n");
      expect(await stop()).toEqual({ code: 0, signal: null });
      expect(log.lines("clos")).toEqual(["closing", "closed"]);
    });

    it.each(["the end of input", "the loss of both pipes", "SIGTERM"])(
      "closes the connector once and exits with code 0 at %s without Close",
      async (end) => {
        const { plugin, log, stop } = await start(generation);
        if (end === "SIGTERM") process.kill(plugin.pid, "SIGTERM");
        else if (end === "the end of input") await stop();
        else plugin.transport.destroy();
        expect(await plugin.exited).toEqual({ code: 0, signal: null });
        await log.waitFor("exit 0");
        expect(log.lines("clos")).toEqual(["closing", "closed"]);
      },
    );

    it("logs a failure of close() when the host has gone", async () => {
      const { log, stop } = await start(generation, { config: { close: "throws", text: "the tape is stuck" } });
      expect(await stop()).toEqual({ code: 1, signal: null });
      expect(log.text).toContain("importer, exporter, storage: close() failed: the tape is stuck\n");
    });
  });

  it("exits with code 1 and logs a line when close() never settles", async () => {
    const { log, stop } = await startImporter(generation, { config: { close: "hangs" }, run: { closeDeadlineMs: 50 } });
    expect(await stop()).toEqual({ code: 1, signal: null });
    expect(log.text).toContain("importer, exporter, storage: close() did not finish within 0.05 s");
  });

  it("exits at the end of input during a scan", async () => {
    const { client, log, stop } = await startImporter(generation, { config: { scan: "waits" } });
    const scan = client.scan()[Symbol.asyncIterator]();
    expect(await scan.next()).toMatchObject({ value: { pathname: "/" } });
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("scan aborted")).toHaveLength(1);
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });
});

const mac = Mac.fromBytes(new Uint8Array(32).fill(1));

/** Maintenance in both generations: hosts send Close, then delete their lock. */
describe.each(generations)("a storage whose lock is deleted after Close was sent, on %s", (generation) => {
  it.each(["at once", "while close() runs", "after the answer"])(
    "deletes it %s and closes every store",
    async (when) => {
      const slow = when === "while close() runs";
      const { client, plugin, log, stop } = await startStorage(generation, { config: slow ? { close: "waits" } : {} });
      await client.create(new Uint8Array([1]));
      await client.put("lock", mac, new Uint8Array(10));
      const closing = client.close();
      if (slow) await log.waitFor("closing");
      if (when === "after the answer") await closing;
      const deleting = client.delete("lock", mac);
      if (slow) process.kill(plugin.pid, "SIGUSR2");
      await Promise.all([closing, deleting]);
      await log.waitFor("deleted lock");
      expect(await client.list("lock")).toEqual([]);
      expect(await stop()).toEqual({ code: 0, signal: null });
      expect(log.lines("closing")).toHaveLength(log.lines("made").length);
      expect(log.lines("closed")).toHaveLength(log.lines("made").length);
    },
  );
});
