import { fileURLToPath } from "node:url";
import {
  count,
  startExporter,
  startImporter,
  startStorage,
  type Generation,
  type PluginExit,
  type PluginProcess,
  type ScannedRecord,
} from "@kloset/host";
import { fileInfoOf, Mac } from "@kloset/model";
import { consumeSlowly, markedBytes } from "./marked-bytes.js";
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

/**
 * All cases, in order. The slow consumer is the host for data that leaves the plugin,
 * and the plugin for data that it receives.
 */
export const scaleCases: readonly ScaleCase[] = (["v1.0", "v1.1"] as const).flatMap((generation) => [
  { name: "scan", generation, bound: SCAN_BOUND, run: (amounts: Amounts) => scan(generation, amounts) },
  { name: "open", generation, bound: STREAM_BOUND, run: (amounts: Amounts) => open(generation, amounts) },
  { name: "restore", generation, bound: STREAM_BOUND, run: (amounts: Amounts) => restore(generation, amounts) },
  { name: "put", generation, bound: STREAM_BOUND, run: (amounts: Amounts) => put(generation, amounts) },
  { name: "get", generation, bound: STREAM_BOUND, run: (amounts: Amounts) => get(generation, amounts) },
]);
