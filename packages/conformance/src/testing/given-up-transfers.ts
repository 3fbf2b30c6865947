import { closeSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Launch } from "../launch.js";
import { checkConformance } from "../run.js";
import type { ConnectorKind } from "../subject.js";
import { launchExporter, type Fault as ExporterFault } from "./sound-exporter.js";
import { launchStorage, type Fault as StorageFault } from "./sound-storage.js";
import { processRules } from "../rules/process/index.js";

/** Leaks never go away, so there is nothing to wait for. */
const LEAKY_GRACE_MS = 500;

const leaked: number[] = [];
const pending: Promise<void>[] = [];

function closeLeaksAfterEach(): void {
  afterEach(async () => {
    await Promise.all(pending.splice(0));
    for (const descriptor of leaked.splice(0)) closeSync(descriptor);
  });
}

/** Is called for each transfer that the host gives up. */
type OnGivenUp = () => void;

function leak(): void {
  leaked.push(openSync("/dev/null", "r"));
}

/** Leaks for every second file only. */
function leakEverySecond(): OnGivenUp {
  let count = 0;
  return () => {
    if (count++ % 2 === 0) leak();
  };
}

/** Leaks a moment after the call has been answered. */
function leakLate(): void {
  pending.push(delay(100).then(leak));
}

/** Closes a moment after the call has been answered. */
function closeLate(): void {
  const descriptor = openSync("/dev/null", "r");
  pending.push(
    delay(1000).then(() => {
      closeSync(descriptor);
    }),
  );
}

/** Passes content on, and reports that the rest of it is not wanted. */
async function* watched(data: AsyncIterable<Uint8Array>, onGivenUp: OnGivenUp): AsyncGenerator<Uint8Array> {
  let whole = false;
  try {
    yield* data;
    whole = true;
  } finally {
    if (!whole) onGivenUp();
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

/** Checks a plugin that runs in this process, whose descriptors are counted. Returns the verdict and the message. */
async function check(
  connector: ConnectorKind,
  generation: Generation,
  launch: Launch,
  graceMs?: number,
): Promise<string> {
  const subject = {
    connector,
    executable: "in process",
    location: "memory://{directory}",
    generations: [generation],
    launch: async (request: Parameters<Launch>[0]) => ({ ...(await launch(request)), pid: process.pid }),
  };
  const rules = processRules.filter((rule) => rule.id === "process.leftovers.given-up");
  const { outcomes } = await checkConformance(subject, { rules, graceMs, strict: true });
  return outcomes.map(({ verdict, message = "" }) => `${verdict}: ${message}`).join();
}

const LEAK = /^failed: after 8 more transfers that the host gave up, \d+ descriptors are open; before, \d+ were$/;

function faultyPut(onGivenUp: OnGivenUp): StorageFault {
  return {
    store: (sound) => ({ put: (kind, mac, data, context) => sound.put(kind, mac, watched(data, onGivenUp), context) }),
  };
}

function faultyGet(onGivenUp: OnGivenUp): StorageFault {
  return {
    store: (sound) => ({
      get: async (...args) => {
        const whole = await sound.get(...args);
        return whole instanceof Uint8Array ? watched(pieces(whole), onGivenUp) : whole;
      },
    }),
  };
}

function faultyStoreFile(onGivenUp: OnGivenUp): ExporterFault {
  return {
    exporter: (sound) => ({
      storeFile: (pathname, data, size, context) => sound.storeFile(pathname, watched(data, onGivenUp), size, context),
    }),
  };
}

/** Declares the tests of a storage's transfers in one generation that every run of the fast tests needs. */
export function describeStorageTransfers(generation: Generation): void {
  describe(`transfers of a storage that the host gives up, on ${generation}`, () => {
    closeLeaksAfterEach();

    it("pass a plugin that closes everything", async () => {
      expect(await check("storage", generation, launchStorage())).toBe("passed: ");
    });

    expectLeak(generation, "every put", faultyPut(leak));
  });
}

/** Declares the other tests of a storage's transfers in one generation. */
export function describeMoreStorageTransfers(generation: Generation): void {
  describe(`transfers of a storage that the host gives up, on ${generation}`, () => {
    closeLeaksAfterEach();

    it("pass a plugin that closes late", async () => {
      expect(await check("storage", generation, launchStorage(faultyPut(closeLate)))).toBe("passed: ");
    });

    expectLeak(generation, "every get", faultyGet(leak));
    expectLeak(generation, "every second put", faultyPut(leakEverySecond()));
    expectLeak(generation, "every put, after the answer", faultyPut(leakLate));
  });
}

function expectLeak(generation: Generation, transfers: string, fault: StorageFault): void {
  it(`fail a plugin that keeps a descriptor for ${transfers}`, async () => {
    expect(await check("storage", generation, launchStorage(fault), LEAKY_GRACE_MS)).toMatch(LEAK);
  });
}

/** Declares the tests of an exporter's transfers on v1.0. */
export function describeExporterTransfers(): void {
  describe("transfers of an exporter that the host gives up, on v1.0", () => {
    closeLeaksAfterEach();

    it("pass a plugin that closes everything", async () => {
      expect(await check("exporter", "v1.0", launchExporter())).toBe("passed: ");
    });

    it("fail a plugin that keeps a descriptor for every file", async () => {
      expect(await check("exporter", "v1.0", launchExporter(faultyStoreFile(leak)), LEAKY_GRACE_MS)).toMatch(LEAK);
    });
  });
}
