/** What an author's code does to the whole process, in the middle of a call. */
import { describe, expect, it } from "@jest/globals";
import { PluginConnectionError, type Generation, type PluginExit } from "@kloset/host";
import { endFixturesAfterEach, generations, type FixtureOptions, type RunningFixture } from "./testing/fixture.js";
import { isThere, macNamed, startOddExporter, startOddImporter, startOddStorage } from "./testing/odd.js";
import { contentOf, scanUntil } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const content = Buffer.alloc(8 * 1024 * 1024, "x");

/** A plugin that meets a disaster when it is asked to. */
interface Doomed extends RunningFixture {
  readonly meet: (disaster: string) => Promise<unknown>;
}

const connectors: Record<string, (generation: Generation, options: FixtureOptions) => Promise<Doomed>> = {
  importer: async (generation, options) => {
    const running = await startOddImporter(generation, options);
    await scanUntil(running.client.scan(), "/end");
    return { ...running, meet: (disaster) => contentOf(running.client, `/meets ${disaster}`) };
  },
  exporter: async (generation, options) => {
    const running = await startOddExporter(generation, options);
    return { ...running, meet: (disaster) => storeOne(running.client, `/meets ${disaster}`, content, content.length) };
  },
  storage: async (generation, options) => {
    const running = await startOddStorage(generation, options);
    return { ...running, meet: (disaster) => running.client.put("packfile", macNamed(`meets ${disaster}`), content) };
  },
};

interface Outcome {
  readonly exit: PluginExit;
  readonly told: string;
  /** What the user reads on standard error. */
  readonly says: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const exited = (code: number): Outcome => ({
  exit: { code, signal: null },
  told: `the plugin exited with code ${code}`,
  says:
    `importer, exporter, storage: the process exits with code ${code} while the host is still there: ` +
    "something called process.exit\n",
});

/** How each disaster ends. */
const ends: Record<string, Outcome> = {
  "process.exit(0)": exited(0),
  "process.exit(3)": exited(3),
  "process.abort()": {
    exit: { code: null, signal: "SIGABRT" },
    told: "the plugin was ended by SIGABRT",
    says: undefined,
  },
  SIGKILL: { exit: { code: null, signal: "SIGKILL" }, told: "the plugin was ended by SIGKILL", says: undefined },
  "no memory": {
    exit: { code: null, signal: "SIGABRT" },
    told: "the plugin was ended by SIGABRT",
    says: "JavaScript heap out of memory",
    env: { NODE_OPTIONS: "--max-old-space-size=64" },
  },
};

describe.each(generations)("on %s", (generation) => {
  it.each(Object.entries(ends))(
    "%s in a call ends it for the host, which learns why",
    async (disaster, outcome) => {
      for (const start of Object.values(connectors)) {
        const { env } = outcome;
        const { plugin, log, meet } = await start(generation, env === undefined ? {} : { env });
        const failure = meet(disaster);
        await expect(failure).rejects.toThrow(outcome.told);
        await expect(failure).rejects.toThrow(PluginConnectionError);
        expect(await plugin.exited).toEqual(outcome.exit);
        expect(isThere(plugin.pid)).toBe(false);
        if (outcome.says !== undefined) await log.says(outcome.says);
        expect(log.lines("stored")).toEqual([]);
      }
    },
    120_000,
  );

  it("a close() that never settles keeps the host waiting, and ends with it: the plugin says so and exits 1", async () => {
    for (const start of [startOddImporter, startOddExporter, startOddStorage]) {
      const { client, connection, plugin, log, stop } = await start(generation, {
        config: { close: "hangs" },
        run: { closeDeadlineMs: 50 },
      });
      const closing = client.close();
      await log.says("closing");
      expect(connection.generation).toBe(generation);
      const exit = stop();
      await expect(closing).rejects.toThrow(PluginConnectionError);
      expect(await exit).toEqual({ code: 1, signal: null });
      expect(log.text).toContain("close() did not finish within 0.05 s after the host had gone\n");
      expect(log.lines("clos")).toEqual(["closing"]);
      expect(isThere(plugin.pid)).toBe(false);
    }
  }, 60_000);
});
