import {
  PluginError,
  type ExporterClient,
  type ImporterClient,
  type ScannedRecord,
  type StorageClient,
} from "@kloset/host";
import { isRegularFile, Mac } from "@kloset/model";
import type { Bench } from "../../bench.js";
import type { Clients } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { HUGE_BYTES, MAX_HUGE_BYTES, writeHugeFiles } from "../../tree/huge-files.js";
import { knownContent } from "../../tree/known-tree.js";

const MiB = 1024 * 1024;
/** More than a plugin is sent before it reads, and less than is promised. */
const HALF = knownContent("given up", 8 * MiB);
const WHOLE = 12 * MiB;

/** What is done again and again. */
export interface Times {
  readonly times: number;
  /** Called after each. */
  readonly after: (done: number) => Promise<void>;
}

/** Writes what there must be before the plugin starts. */
export async function prepareGivingUp(bench: Bench<ConnectorKind>, times: number): Promise<void> {
  if (bench.connector === "importer") await writeHugeFiles(bench, times);
}

/** Begins to move files or resources, and lets go of each half-way. */
export async function giveUp(bench: Bench<ConnectorKind>, client: Clients[ConnectorKind], times: Times): Promise<void> {
  if (bench.connector === "importer") await giveUpReaders(bench, client as ImporterClient, times);
  else if (bench.connector === "exporter") await giveUpFiles(bench, client as ExporterClient, times);
  else await giveUpResources(client as StorageClient, times);
}

async function giveUpReaders(
  bench: Bench<ConnectorKind>,
  client: ImporterClient,
  { times, after }: Times,
): Promise<void> {
  const scan = client.scan();
  const huge: ScannedRecord[] = [];
  for await (const record of scan) {
    if (huge.length < times && isHuge(record)) huge.push(record);
    else await scan.acknowledge(record);
  }
  if (huge.length === 0) bench.notApplicable(`there is no file of ${HUGE_BYTES} to ${MAX_HUGE_BYTES} bytes to give up`);
  for (let time = 1; time <= times; time++) {
    // Where there are too few, again: that a file can be opened twice is not certain.
    const record = huge[time % huge.length];
    if (record !== undefined) await beginToRead(bench, client, record);
    await after(time);
  }
  for (const record of huge) await scan.acknowledge(record);
  await scan.finish();
}

function isHuge({ fileInfo, error }: ScannedRecord): boolean {
  if (fileInfo === undefined || error !== undefined || !isRegularFile(fileInfo.mode)) return false;
  return fileInfo.size >= HUGE_BYTES && fileInfo.size <= MAX_HUGE_BYTES;
}

async function beginToRead(bench: Bench<ConnectorKind>, client: ImporterClient, record: ScannedRecord): Promise<void> {
  try {
    for await (const chunk of client.open(record)) if (chunk.length > 0) break;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    // That is another rule's to judge.
    bench.notApplicable(`a file can not be opened often enough: ${error.message}`);
  }
}

/** A source that fails ends a file short, and users cancel: both let go of it. */
async function giveUpFiles(
  bench: Bench<ConnectorKind>,
  client: ExporterClient,
  { times, after }: Times,
): Promise<void> {
  if (client.generation === "v1.1")
    bench.notApplicable("a v1.1 restore is over with the first file that is given up, and the plugin with it");
  const { root } = await client.identity();
  await client.createDirectory(root);
  for (let time = 1; time <= times; time++) {
    await brokenOff((source) => client.storeFile(`${root}/short-${time}`, source(), WHOLE));
    await brokenOff((source, cancel) =>
      client.storeFile(`${root}/cancelled-${time}`, source(cancel), WHOLE, cancel.signal),
    );
    await after(time);
  }
}

async function giveUpResources(client: StorageClient, { times, after }: Times): Promise<void> {
  await client.create(knownContent("config", 100));
  await client.open();
  const whole = Mac.fromBytes(knownContent("whole", 32));
  await client.put("packfile", whole, knownContent("whole", WHOLE));
  for (let time = 1; time <= times; time++) {
    const mac = Mac.fromBytes(knownContent(`given up ${time}`, 32));
    await brokenOff((source) => client.put("packfile", mac, source()));
    await brokenOff(async (_, cancel) => {
      // Without that the rest is read, as hosts do.
      for await (const chunk of client.get("packfile", whole, undefined, cancel.signal))
        if (chunk.length > 0) cancel.abort(BROKEN_OFF);
    });
    await after(time);
  }
}

const BROKEN_OFF = new Error("the content broke off");

type Source = (cancel?: AbortController) => AsyncIterable<Uint8Array>;

/** Makes a call that is given up. @throws What it fails with for another reason. */
async function brokenOff(call: (source: Source, cancel: AbortController) => Promise<unknown>): Promise<void> {
  try {
    await call(half, new AbortController());
  } catch (error) {
    // The plugin may be the first to say that the call is over.
    if (error !== BROKEN_OFF && !(error instanceof PluginError)) throw error;
  }
}

async function* half(cancel?: AbortController): AsyncGenerator<Uint8Array> {
  yield HALF;
  cancel?.abort(BROKEN_OFF);
  throw BROKEN_OFF;
}
