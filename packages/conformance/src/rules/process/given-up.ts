import { posix } from "node:path";
import {
  PluginError,
  type ExporterClient,
  type ImporterClient,
  type InventoryClient,
  type ScannedRecord,
  type SecretProviderClient,
  type StorageClient,
} from "@kloset/host";
import { isRegularFile, Mac } from "@kloset/model";
import type { Harness } from "../../harness.js";
import type { Clients } from "../../clients.js";
import type { ConnectorKind } from "../../subject.js";
import { HUGE_BYTES, MAX_HUGE_BYTES, writeHugeFiles } from "../../tree/huge-files.js";
import { knownContent } from "../../tree/known-tree.js";

const MiB = 1024 * 1024;
/** More than a plugin is sent before it reads, and less than {@link WHOLE}. */
const HALF = knownContent("given up", 8 * MiB);
const WHOLE = 12 * MiB;

/** Options for {@link giveUp}. */
export interface GiveUpOptions {
  readonly times: number;
  /** Called after each repetition. */
  readonly after: (done: number) => Promise<void>;
}

/** Writes the files that an importer needs before it starts. */
export async function prepareGivingUp(harness: Harness<ConnectorKind>, times: number): Promise<void> {
  if (harness.connector === "importer") await writeHugeFiles(harness, times);
}

/** Begins to transfer files or resources, and gives each up half-way. */
export async function giveUp(
  harness: Harness<ConnectorKind>,
  client: Clients[ConnectorKind],
  times: GiveUpOptions,
): Promise<void> {
  if (harness.connector === "importer") await giveUpReaders(harness, client as ImporterClient, times);
  else if (harness.connector === "exporter") await giveUpFiles(harness, client as ExporterClient, times);
  else if (harness.connector === "storage") await giveUpResources(client as StorageClient, times);
  else if (harness.connector === "inventory") await giveUpListings(client as InventoryClient, times);
  else await giveUpSecrets(client as SecretProviderClient, harness.subject.handle ?? "", times);
}

/** Cancels each listing after its first entry. */
async function giveUpListings(client: InventoryClient, { times, after }: GiveUpOptions): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const entries = client.list()[Symbol.asyncIterator]();
    await entries.next();
    await entries.return?.();
    await after(time);
  }
}

async function giveUpSecrets(
  client: SecretProviderClient,
  handle: string,
  { times, after }: GiveUpOptions,
): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const cancel = new AbortController();
    const call = client.resolve(handle, cancel.signal);
    cancel.abort(GIVEN_UP);
    await givenUp(() => call);
    await after(time);
  }
}

async function giveUpReaders(
  harness: Harness<ConnectorKind>,
  client: ImporterClient,
  { times, after }: GiveUpOptions,
): Promise<void> {
  const scan = client.scan();
  const huge: ScannedRecord[] = [];
  for await (const record of scan) {
    if (huge.length < times && isHuge(record)) huge.push(record);
    else await scan.acknowledge(record);
  }
  if (huge.length === 0)
    harness.notApplicable(
      `needs a file of ${HUGE_BYTES} to ${MAX_HUGE_BYTES} bytes to give up`,
      "add one to the source",
    );
  for (let time = 1; time <= times; time++) {
    // Reopen files if there are too few; a plugin may refuse that.
    const record = huge[time % huge.length];
    if (record !== undefined) await beginToRead(harness, client, record);
    await after(time);
  }
  for (const record of huge) await scan.acknowledge(record);
  await scan.finish();
}

function isHuge({ fileInfo, error }: ScannedRecord): boolean {
  if (fileInfo === undefined || error !== undefined || !isRegularFile(fileInfo.mode)) return false;
  const { size = 0 } = fileInfo;
  return size >= HUGE_BYTES && size <= MAX_HUGE_BYTES;
}

async function beginToRead(
  harness: Harness<ConnectorKind>,
  client: ImporterClient,
  record: ScannedRecord,
): Promise<void> {
  try {
    for await (const chunk of client.open(record)) if (chunk.length > 0) break;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    // Another rule checks that.
    harness.notApplicable(`a file cannot be opened often enough: ${error.message}`);
  }
}

/** Gives up files in both ways that occur: the content fails half-way, or the user cancels. */
async function giveUpFiles(
  harness: Harness<ConnectorKind>,
  client: ExporterClient,
  { times, after }: GiveUpOptions,
): Promise<void> {
  if (client.generation === "v1.1") harness.notApplicable("a v1.1 restore ends with the first file that is given up");
  const { root } = await client.identity();
  await client.createDirectory(root);
  for (let time = 1; time <= times; time++) {
    await givenUp((source) => client.storeFile(posix.join(root, `short-${time}`), source(), WHOLE));
    await givenUp((source, cancel) =>
      client.storeFile(posix.join(root, `cancelled-${time}`), source(cancel), WHOLE, cancel.signal),
    );
    await after(time);
  }
}

async function giveUpResources(client: StorageClient, { times, after }: GiveUpOptions): Promise<void> {
  await client.create(knownContent("config", 100));
  await client.open();
  const whole = Mac.fromBytes(knownContent("whole", 32));
  await client.put("packfile", whole, knownContent("whole", WHOLE));
  for (let time = 1; time <= times; time++) {
    const mac = Mac.fromBytes(knownContent(`given up ${time}`, 32));
    await givenUp((source) => client.put("packfile", mac, source()));
    await givenUp(async (_, cancel) => {
      // Hosts read a resource to its end unless they cancel.
      for await (const chunk of client.get("packfile", whole, undefined, cancel.signal))
        if (chunk.length > 0) cancel.abort(GIVEN_UP);
    });
    await after(time);
  }
}

const GIVEN_UP = new Error("the content was given up");

type Source = (cancel?: AbortController) => AsyncIterable<Uint8Array>;

/** Makes a call that is given up half-way. @throws If it fails for another reason. */
async function givenUp(call: (source: Source, cancel: AbortController) => Promise<unknown>): Promise<void> {
  try {
    await call(half, new AbortController());
  } catch (error) {
    // The plugin may end the call first.
    if (error !== GIVEN_UP && !(error instanceof PluginError)) throw error;
  }
}

async function* half(cancel?: AbortController): AsyncGenerator<Uint8Array> {
  yield HALF;
  cancel?.abort(GIVEN_UP);
  throw GIVEN_UP;
}
