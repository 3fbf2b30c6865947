import { fileURLToPath } from "node:url";
import {
  count,
  startExporter,
  startImporter,
  startInventory,
  startSecretProvider,
  startStorage,
  type Generation,
  type PluginExit,
  type PluginProcess,
  type ScannedRecord,
} from "@kloset/host";
import { fileInfoOf, Mac } from "@kloset/model";
import { DETAILS_BYTES, secretOf } from "./control-plane.js";
import { consumeSlowly, markedBytes, pause } from "./marked-bytes.js";
import { peakMemoryOf } from "./peak-memory.js";

/** The amounts of data to move. */
export interface Amounts {
  /** Number of records of a scan. */
  readonly records: number;
  /** Number of bytes of a stream. */
  readonly bytes: number;
}

/** A transfer through a plugin. */
export interface ScaleCase {
  readonly name: string;
  readonly generation: Generation;
  /** Names the amount that the case moves. */
  readonly amount: (amounts: Amounts) => string;
  /** Upper limit of the plugin's peak memory, in bytes. */
  readonly bound: number;
  /**
   * Moves the data.
   *
   * @returns The plugin's peak memory in bytes.
   * @throws Error if data was lost.
   */
  readonly run: (amounts: Amounts) => Promise<number>;
}

const MB = 1e6;
/** Limits of the peak memory for a scan and for a stream. */
const SCAN_BOUND = 250 * MB;
const STREAM_BOUND = 200 * MB;
const PER_FOLDER = 1000;
const RECORDS_PER_ENTRY = 100;
/** The SDK masks the newest 1,000 secrets: by default, twice as many are resolved. */
const RECORDS_PER_SECRET = 500;
const RESOLVES_AT_ONCE = 8;
const GiB = 1024 ** 3;

const plugin = fileURLToPath(new URL("../dist/plugin.js", import.meta.url));
const mac = Mac.fromBytes(new Uint8Array(32).fill(7));

function startOptions(generation: Generation, { records, bytes }: Amounts): Parameters<typeof startImporter>[0] {
  return {
    executable: process.execPath,
    args: [plugin],
    generation,
    location: "scale://there",
    config: { records: String(records), bytes: String(bytes) },
  };
}

async function scan(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startImporter(startOptions(generation, { ...amounts, bytes: 1 }));
  return await measured(running, async () => {
    const { files, directories, errors } = await count(running.client);
    expectCount("files", files, amounts.records);
    expectCount("folders", directories, Math.ceil(amounts.records / PER_FOLDER) + 1);
    expectCount("errors", errors, 0);
  });
}

async function open(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startImporter(startOptions(generation, { ...amounts, records: 1 }));
  return await measured(running, async () => {
    const { client } = running;
    const scan = client.scan();
    const records: ScannedRecord[] = [];
    for await (const record of scan) records.push(record);
    const file = records.at(-1);
    if (file === undefined) throw new Error("the scan yielded nothing");
    expectCount("bytes", await consumeSlowly(client.open(file)), amounts.bytes);
    for (const record of records) await scan.acknowledge(record);
    await scan.finish();
    await client.close();
  });
}

async function restore(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startExporter(startOptions(generation, amounts));
  return await measured(running, async () => {
    const { client } = running;
    const { bytes } = amounts;
    if (client.generation === "v1.0") {
      expectCount("bytes", await client.storeFile("/file", markedBytes(bytes), bytes), bytes);
    } else {
      const stream = client.export();
      const results = (async () => {
        let restored = 0;
        for await (const { error, pathname } of stream.results()) {
          if (error !== undefined) throw new Error(`${pathname}: ${error}`);
          restored++;
        }
        return restored;
      })();
      await stream.sendRecord({ pathname: "/", fileInfo: fileInfoOf({ type: "directory", name: "/" }) });
      await stream.sendRecord({
        pathname: "/file",
        fileInfo: fileInfoOf({ name: "file", size: bytes }),
        read: () => new Uint8Array(),
      });
      expectCount("bytes", (await stream.sendContent(markedBytes(bytes))) ?? 0, bytes);
      await stream.endContent();
      stream.halfClose();
      expectCount("results", await results, 2);
    }
    await client.close();
  });
}

async function put(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startStorage(startOptions(generation, amounts));
  return await measured(running, async () => {
    expectCount("bytes written", await running.client.put("packfile", mac, markedBytes(amounts.bytes)), amounts.bytes);
    await running.client.close();
  });
}

async function get(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startStorage(startOptions(generation, amounts));
  return await measured(running, async () => {
    expectCount("bytes", await consumeSlowly(running.client.get("packfile", mac)), amounts.bytes);
    await running.client.close();
  });
}

/** Lists entries, and pauses after the first: long enough for a plugin without back-pressure to exceed the limit. */
async function list(generation: Generation, amounts: Amounts): Promise<number> {
  const records = entriesOf(amounts);
  const running = await startInventory(startOptions(generation, { ...amounts, records }));
  return await measured(running, async () => {
    let entries = 0;
    for await (const { urn, details } of running.client.list()) {
      if (urn !== `urn:scale:${entries}`) throw new Error(`entry ${entries} is ${urn}`);
      expectCount("bytes of details", details.length, DETAILS_BYTES);
      if (entries++ === 0) await pause();
    }
    expectCount("entries", entries, records);
    await running.client.close();
  });
}

async function resolve(generation: Generation, amounts: Amounts): Promise<number> {
  const running = await startSecretProvider(startOptions(generation, amounts));
  return await measured(running, async () => {
    const { client } = running;
    let left = secretsOf(amounts);
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const handle = `database/${left}`;
        if ((await client.resolve(handle)) !== secretOf(handle)) throw new Error(`${handle} has another secret`);
      }
    };
    await Promise.all(Array.from({ length: RESOLVES_AT_ONCE }, worker));
    await client.close();
  });
}

function entriesOf({ records }: Amounts): number {
  return Math.ceil(records / RECORDS_PER_ENTRY);
}

function secretsOf({ records }: Amounts): number {
  return Math.ceil(records / RECORDS_PER_SECRET);
}

/** Runs work, measures the peak, and stops the plugin, which must exit with 0. */
async function measured(
  { plugin, stop }: { plugin: PluginProcess; stop: () => Promise<PluginExit> },
  work: () => Promise<void>,
): Promise<number> {
  let peak: number;
  try {
    await work();
    peak = await peakMemoryOf(plugin.pid);
  } catch (error) {
    await plugin.kill();
    throw error;
  }
  const { code, signal } = await stop();
  if (code !== 0) throw new Error(`the plugin exited with ${signal ?? `code ${String(code)}`}`);
  return peak;
}

function expectCount(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${actual} ${what}, expected ${expected}`);
}

const records = (amounts: Amounts): string => `${amounts.records} records`;
const stream = ({ bytes }: Amounts): string => `${(bytes / GiB).toFixed(1)} GiB`;
const entries = (amounts: Amounts): string => `${entriesOf(amounts)} entries`;
const secrets = (amounts: Amounts): string => `${secretsOf(amounts)} secrets`;

type Run = (generation: Generation, amounts: Amounts) => Promise<number>;

function caseOf(name: string, generation: Generation, bound: number, amount: ScaleCase["amount"], run: Run): ScaleCase {
  return { name, generation, bound, amount, run: (amounts) => run(generation, amounts) };
}

/**
 * All cases, in order. The slow consumer is the host for data that leaves the plugin,
 * and the plugin for data that it receives. Secret providers and inventories have one
 * generation.
 */
export const scaleCases: readonly ScaleCase[] = [
  ...(["v1.0", "v1.1"] as const).flatMap((generation) => [
    caseOf("scan", generation, SCAN_BOUND, records, scan),
    caseOf("open", generation, STREAM_BOUND, stream, open),
    caseOf("restore", generation, STREAM_BOUND, stream, restore),
    caseOf("put", generation, STREAM_BOUND, stream, put),
    caseOf("get", generation, STREAM_BOUND, stream, get),
  ]),
  caseOf("list", "v1.1", STREAM_BOUND, entries, list),
  caseOf("resolve", "v1.1", STREAM_BOUND, secrets, resolve),
];
