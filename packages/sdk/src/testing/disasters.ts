import { expect, it } from "@jest/globals";
import { PluginConnectionError, type Generation, type PluginExit } from "@kloset/host";
import type { FixtureOptions, RunningFixture } from "./fixture.js";
import {
  isAlive,
  macNamed,
  startMisbehavingExporter,
  startMisbehavingImporter,
  startMisbehavingStorage,
} from "./misbehaving.js";
import { contentOf, scanUntil } from "./read.js";
import { storeOne } from "./store-one.js";

const content = Buffer.alloc(8 * 1024 * 1024, "x");

/** A plugin whose process ends on request. */
interface DoomedFixture extends RunningFixture {
  readonly meet: (disaster: string) => Promise<unknown>;
}

const connectors: Record<string, (generation: Generation, options: FixtureOptions) => Promise<DoomedFixture>> = {
  importer: async (generation, options) => {
    const running = await startMisbehavingImporter(generation, options);
    await scanUntil(running.client.scan(), "/end");
    return { ...running, meet: (disaster) => contentOf(running.client, `/meets ${disaster}`) };
  },
  exporter: async (generation, options) => {
    const running = await startMisbehavingExporter(generation, options);
    return { ...running, meet: (disaster) => storeOne(running.client, `/meets ${disaster}`, content, content.length) };
  },
  storage: async (generation, options) => {
    const running = await startMisbehavingStorage(generation, options);
    return { ...running, meet: (disaster) => running.client.put("packfile", macNamed(`meets ${disaster}`), content) };
  },
};

interface Outcome {
  readonly exit: PluginExit;
  /** A part of the host's error. */
  readonly error: string;
  /** The line that the user reads on standard error. */
  readonly line: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const exited = (code: number): Outcome => ({
  exit: { code, signal: null },
  error: `the plugin exited with code ${code}`,
  line:
    "importer, exporter, storage: process.exit was called while the host was still connected; " +
    `exiting with code ${code}\n`,
});

/** The outcome of each disaster. */
const ends = {
  "process.exit(0)": exited(0),
  "process.exit(3)": exited(3),
  "process.abort()": {
    exit: { code: null, signal: "SIGABRT" },
    error: "the plugin was ended by SIGABRT",
    line: undefined,
  },
  SIGKILL: { exit: { code: null, signal: "SIGKILL" }, error: "the plugin was ended by SIGKILL", line: undefined },
  "running out of memory": {
    exit: { code: null, signal: "SIGABRT" },
    error: "the plugin was ended by SIGABRT",
    line: "JavaScript heap out of memory",
    env: { NODE_OPTIONS: "--max-old-space-size=64" },
  },
} satisfies Record<string, Outcome>;

/** Declares a test of each disaster for the three connectors of a generation. */
export function reportDisasters(generation: Generation, disasters: readonly (keyof typeof ends)[]): void {
  it.each(disasters)(
    "reports the end of the plugin to the host after %s in a call",
    async (disaster) => {
      const outcome: Outcome = ends[disaster];
      for (const start of Object.values(connectors)) {
        const { env } = outcome;
        const { plugin, log, meet } = await start(generation, env === undefined ? {} : { env });
        const failure = meet(disaster);
        await expect(failure).rejects.toThrow(outcome.error);
        await expect(failure).rejects.toThrow(PluginConnectionError);
        expect(await plugin.exited).toEqual(outcome.exit);
        expect(isAlive(plugin.pid)).toBe(false);
        if (outcome.line !== undefined) await log.waitFor(outcome.line);
        expect(log.lines("stored")).toEqual([]);
      }
    },
    120_000,
  );
}
