import { closeSync, openSync } from "node:fs";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Launch } from "../../launch.js";
import { checkConformance } from "../../run.js";
import type { ConnectorKind } from "../../subject.js";
import { launchExporter, type Fault as ExporterFault } from "../../testing/sound-exporter.js";
import { launchStorage, type Fault as StorageFault } from "../../testing/sound-storage.js";
import { processRules } from "./index.js";

const leaked: number[] = [];

afterEach(() => {
  for (const descriptor of leaked.splice(0)) closeSync(descriptor);
});

/** Passes content on, and leaves a descriptor open when it is not wanted to its end. */
async function* leaking(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let whole = false;
  try {
    yield* data;
    whole = true;
  } finally {
    if (!whole) leaked.push(openSync("/dev/null", "r"));
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

/** @returns The verdict and the message on a plugin in this process, whose descriptors are counted. */
async function check(connector: ConnectorKind, generation: Generation, launch: Launch): Promise<string> {
  const subject = {
    connector,
    executable: "in process",
    location: "memory://{directory}",
    generations: [generation],
    launch: async (request: Parameters<Launch>[0]) => ({ ...(await launch(request)), pid: process.pid }),
  };
  const rules = processRules.filter((rule) => rule.id === "process.leftovers.given-up");
  const { outcomes } = await checkConformance(subject, { rules });
  return outcomes.map(({ verdict, message = "" }) => `${verdict}: ${message}`).join();
}

const LEAK = /^failed: after 8 more that were given up half-way there are \d+ open descriptors, before there were \d+$/;

const storages: [string, StorageFault][] = [
  ["puts", { store: (sound) => ({ put: (kind, mac, data) => sound.put(kind, mac, leaking(data)) }) }],
  [
    "gets",
    {
      store: (sound) => ({
        get: async (...args) => {
          const whole = await sound.get(...args);
          return whole instanceof Uint8Array ? leaking(pieces(whole)) : whole;
        },
      }),
    },
  ],
];

const exporter: ExporterFault = {
  exporter: (sound) => ({
    storeFile: (pathname, data, size, signal) => sound.storeFile(pathname, leaking(data), size, signal),
  }),
};

describe.each(["v1.0", "v1.1"] as const)("what is given up of a storage on %s", (generation) => {
  it("is closed by a sound one", async () => {
    expect(await check("storage", generation, launchStorage())).toBe("passed: ");
  });

  it.each(storages)("fails one that keeps descriptors of %s", async (_, fault) => {
    expect(await check("storage", generation, launchStorage(fault))).toMatch(LEAK);
  });
});

describe("what is given up of an exporter on v1.0", () => {
  it("is closed by a sound one", async () => {
    expect(await check("exporter", "v1.0", launchExporter())).toBe("passed: ");
  });

  it("fails one that keeps descriptors of files", async () => {
    expect(await check("exporter", "v1.0", launchExporter(exporter))).toMatch(LEAK);
  });
});
