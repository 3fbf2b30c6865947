import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup, type RestoreEntry, type ScannedRecord } from "@kloset/host";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import {
  endConnectorsAfterEach,
  exporterOf,
  GENERATIONS,
  importerOf,
  TEST_TIMEOUT_MS,
  storageOf,
} from "./testing/connectors.js";
import { directory, file, streamed } from "./testing/entries.js";
import { failureOf, listed, macOf, pathOf, read, unfinishedBelow } from "./testing/resources.js";
import { restored } from "./testing/restoring.js";
import { limited } from "./testing/surroundings.js";

const MIB = 1024 * 1024;
const LARGE = pattern(2 * MIB, 2);
/** Node itself needs about 25. */
const FEW = limited({ files: 40 });
const TOO_MANY = /^EMFILE: too many open files, /;

describe.each(GENERATIONS)("with few file descriptors, on %s,", (generation) => {
  let scratch: Scratch;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  it(
    "an importer names each file that it cannot open, and reads it later when descriptors are free",
    async () => {
      const names = Array.from({ length: 60 }, (_, i) => join(scratch.path, `f${i}`));
      for (const name of names) await writeFile(name, LARGE);
      const { client, stop } = await importerOf({
        generation,
        path: scratch.path,
        surroundings: FEW,
        maxConcurrency: 60,
      });
      const records: ScannedRecord[] = [];
      const scan = client.scan();
      for await (const record of scan) if (names.includes(record.pathname)) records.push(record);
      // Open all concurrently, and read none beyond its first chunk until all have responded.
      const readers = records.map((record) => client.open(record)[Symbol.asyncIterator]());
      const first = await Promise.allSettled(readers.map((reader) => reader.next()));
      const refused: ScannedRecord[] = [];
      for (const [i, result] of first.entries()) {
        const record = records[i];
        const reader = readers[i];
        if (record === undefined || reader === undefined) throw new Error("a reader without a record");
        if (result.status === "rejected") {
          const { message } = result.reason as Error;
          expect(message).toMatch(TOO_MANY);
          expect(message).toContain(`'${record.pathname}'`);
          refused.push(record);
          continue;
        }
        const chunks = [result.value.value as Uint8Array];
        for (let next = await reader.next(); next.done !== true; next = await reader.next()) chunks.push(next.value);
        expect(Buffer.concat(chunks).equals(LARGE)).toBe(true);
      }
      expect(records).toHaveLength(60);
      expect(refused.length).toBeGreaterThan(0);
      for (const record of refused) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of client.open(record)) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(LARGE)).toBe(true);
      }
      for (const record of records) await scan.acknowledge(record);
      await scan.finish();
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "an importer scans a deep and wide tree",
    async () => {
      const deep = Array.from({ length: 60 }, (_, i) => `d${i}`).join("/");
      await mkdir(join(scratch.path, deep), { recursive: true });
      await writeFile(join(scratch.path, deep, "f"), "deep");
      for (let i = 0; i < 200; i++) await mkdir(join(scratch.path, `w${i}`));
      const { client, stop } = await importerOf({
        generation,
        path: scratch.path,
        surroundings: FEW,
        maxConcurrency: 8,
      });
      const failures: string[] = [];
      let content = "";
      const { records } = await backup(client, {
        record: async ({ pathname }, source) => {
          if (pathname.endsWith("/f")) for await (const chunk of source ?? []) content += Buffer.from(chunk).toString();
        },
        error: ({ pathname }, { message }) => void failures.push(`${pathname}: ${message}`),
      });
      expect(failures).toEqual([]);
      expect(content).toBe("deep");
      expect(records).toBeGreaterThan(261);
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "an exporter restores more directories than it can keep open, and many files concurrently",
    async () => {
      const root = join(scratch.path, "root");
      const entries: RestoreEntry[] = [directory("/")];
      for (let i = 0; i < 80; i++) entries.push(directory(`/d${i}`), file(`/d${i}/f`, `file ${i}`));
      const deep = Array.from({ length: 50 }, (_, i) => `x${i}`);
      for (let i = 0; i < deep.length; i++) entries.push(directory(`/${deep.slice(0, i + 1).join("/")}`));
      entries.push(file(`/${deep.join("/")}/f`, "deep"));
      const { client, stop } = await exporterOf({ generation, path: root, surroundings: FEW, maxConcurrency: 4 });
      const { failures } = await restored(client, entries);
      expect(failures).toEqual({});
      for (let i = 0; i < 80; i++) {
        expect(await readFile(join(root, `d${i}`, "f"), "utf8")).toBe(`file ${i}`);
      }
      expect(await readFile(join(root, ...deep, "f"), "utf8")).toBe("deep");
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "an exporter names each file that it cannot open, leaves no part of it, and continues",
    async () => {
      const root = join(scratch.path, "root");
      // v1.1 has one stream, which carries large files one at a time.
      const together = generation === "v1.0" ? 30 : 1;
      const gate = gateOf(together);
      const names = Array.from({ length: 30 }, (_, i) => `/f${i}`);
      const content = (i: number): Buffer => pattern(MIB + 100_000, i);
      const entries = names.map((name, i) =>
        streamed(name, MIB + 100_000, async function* () {
          yield content(i).subarray(0, MIB);
          gate.arrive();
          await gate.open;
          yield content(i).subarray(MIB);
        }),
      );
      const { client, stop } = await exporterOf({ generation, path: root, surroundings: FEW, maxConcurrency: 30 });
      const last = file("/last", "last");
      const { failures } = await restored(client, [directory("/"), ...entries, last], { maxConcurrency: together + 1 });
      expect(Object.keys(failures).length > 0).toBe(generation === "v1.0");
      for (const [i, name] of names.entries()) {
        const path = join(root, name);
        if (failures[name] === undefined) expect((await readFile(path)).equals(content(i))).toBe(true);
        else expect(failures[name]).toBe(`EMFILE: too many open files, open '${path}'`);
      }
      expect(await unfinishedBelow(root)).toEqual([]);
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "a storage names each resource that it cannot open, loses none, and continues",
    async () => {
      const root = join(scratch.path, "repository");
      const { client, stop } = await storageOf({ generation, path: root, surroundings: FEW });
      await client.create(Buffer.from("config"));
      // Each put sends its second half after all puts have sent their first.
      const gate = gateOf(60);
      const numbers = Array.from({ length: 60 }, (_, i) => i);
      const puts = await Promise.allSettled(
        numbers.map((i) =>
          client.put(
            "packfile",
            macOf(i),
            (async function* () {
              yield pattern(70_000, i);
              gate.arrive();
              await gate.open;
              yield pattern(70_000, i + 1);
            })(),
          ),
        ),
      );
      const kept = numbers.filter((i) => puts[i]?.status === "fulfilled");
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.length).toBeLessThan(60);
      for (const [i, result] of puts.entries()) {
        if (result.status === "fulfilled") continue;
        const { message } = result.reason as Error;
        expect(message).toMatch(TOO_MANY);
        expect(message).toContain(root);
        // Retry when descriptors are free.
        await client.put("packfile", macOf(i), Buffer.concat([pattern(70_000, i), pattern(70_000, i + 1)]));
      }
      expect(await listed(client, "packfile")).toEqual(numbers.map((i) => macOf(i).hex).sort());
      const whole = (i: number): Buffer => Buffer.concat([pattern(70_000, i), pattern(70_000, i + 1)]);
      for (const i of numbers) expect((await read(client, "packfile", macOf(i))).equals(whole(i))).toBe(true);
      expect(await unfinishedBelow(root)).toEqual([]);

      // Large resources stay open while they are sent.
      await client.put("packfile", macOf(100), LARGE);
      const readers = numbers.map(() => client.get("packfile", macOf(100))[Symbol.asyncIterator]());
      const first = await Promise.allSettled(readers.map((reader) => reader.next()));
      const refused = first.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
      expect(refused.length).toBeGreaterThan(0);
      for (const { message } of refused) {
        expect(message).toBe(`EMFILE: too many open files, open '${pathOf(root, "packfile", macOf(100))}'`);
      }
      for (const reader of readers) while ((await reader.next().catch(() => ({ done: true }))).done !== true);
      expect((await read(client, "packfile", macOf(100))).equals(LARGE)).toBe(true);
      expect(await failureOf(read(client, "packfile", macOf(101)))).toContain("packfile not found");
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );
});

/** Makes a gate that opens after the given number of arrivals. */
function gateOf(count: number): { arrive(): void; open: Promise<void> } {
  let arrived = 0;
  let unlock = (): void => undefined;
  const open = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  return {
    arrive: () => {
      if (++arrived === count) unlock();
    },
    open,
  };
}
