import { posix } from "node:path";
import {
  PluginError,
  type ExporterClient,
  type ExportResult,
  type ImporterClient,
  type InventoryClient,
  type SecretProviderClient,
  type StorageClient,
} from "@kloset/host";
import { isRegularFile, Mac, type RecordEntry } from "@kloset/model";
import type { Harness, ConnectedPlugin } from "../../harness.js";
import { readAll } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { Clients } from "../../clients.js";
import type { ConnectorKind } from "../../subject.js";
import { knownContent, knownFileInfo } from "../../tree/known-tree.js";

/** Makes a call that every connector answers and that changes nothing. */
export async function probe(client: Clients[ConnectorKind]): Promise<void> {
  if ("resolve" in client) await resolveAny(client, "");
  else if ("list" in client && !("identity" in client)) await listAll(client);
  if (!("identity" in client)) return;
  // v1.0 has no Ping, and in v1.1 the identity needs no call.
  await client.identity();
  if ("ping" in client) await client.ping();
}

/** Options for {@link work}. */
export interface WorkOptions {
  /** The maximum number of files or resources to move. Default: 3. */
  readonly files?: number;
  /** Called after each file or resource. */
  readonly after?: (moved: number) => Promise<void>;
}

/** Runs a small backup, restore or listing, or moves some resources or secrets, from beginning to end, without Close. */
export async function work<Kind extends ConnectorKind>(
  harness: Harness<Kind>,
  client: Clients[Kind],
  { files = 3, after = async () => undefined }: WorkOptions = {},
): Promise<void> {
  const some: Clients[ConnectorKind] = client;
  const amount = { files, after };
  if (harness.connector === "importer") await readFiles(some as ImporterClient, amount);
  else if (harness.connector === "exporter") await restoreFiles(some as ExporterClient, amount);
  else if (harness.connector === "storage") await storeFiles(some as StorageClient, amount);
  else if (harness.connector === "inventory") await repeat(amount, () => listAll(some as InventoryClient));
  else await repeat(amount, () => resolveAny(some as SecretProviderClient, harness.subject.handle ?? ""));
}

async function repeat({ files, after }: Required<WorkOptions>, work: () => Promise<void>): Promise<void> {
  for (let index = 0; index < files; index++) {
    await work();
    await after(index + 1);
  }
}

/** Resolves a secret, which need not exist. */
async function resolveAny(client: SecretProviderClient, handle: string): Promise<void> {
  try {
    await client.resolve(handle);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
  }
}

async function listAll(client: InventoryClient): Promise<void> {
  const entries = client.list()[Symbol.asyncIterator]();
  while ((await entries.next()).done !== true);
}

async function readFiles(client: ImporterClient, { files, after }: Required<WorkOptions>): Promise<void> {
  const scan = client.scan();
  let opened = 0;
  for await (const record of scan) {
    const { fileInfo, error } = record;
    const regular = error === undefined && fileInfo !== undefined && isRegularFile(fileInfo.mode);
    if (regular && opened < files) {
      await readAll(client.open(record));
      await after(++opened);
    }
    await scan.acknowledge(record);
  }
  await scan.finish();
}

const MOD_TIME = 1_582_979_696_789_000_000n;
const ROOT: RecordEntry = {
  pathname: "/",
  fileInfo: knownFileInfo({
    pathname: "/",
    type: "directory",
    permissions: 0o755,
    modTime: MOD_TIME,
    size: 0,
    target: "",
  }),
};

/** Returns the record of a file whose content follows. */
function fileRecord(pathname: string, size: number): RecordEntry {
  const known = { pathname, type: "file", permissions: 0o644, modTime: MOD_TIME, size, target: "" } as const;
  return { pathname, fileInfo: knownFileInfo(known), read: () => new Uint8Array() };
}

async function restoreFiles(client: ExporterClient, { files, after }: Required<WorkOptions>): Promise<void> {
  const content = knownContent("file", 1000);
  const names = Array.from({ length: files }, (_, index) => `file-${index}`);
  if (client.generation === "v1.0") {
    const { root } = await client.identity();
    await client.createDirectory(root);
    for (const [index, name] of names.entries()) {
      await client.storeFile(posix.join(root, name), content, content.length);
      await after(index + 1);
    }
    return;
  }
  const stream = client.export();
  const results = requireResults(stream.results());
  // Awaited below.
  results.catch(() => undefined);
  await stream.sendRecord(ROOT);
  for (const [index, name] of names.entries()) {
    await stream.sendRecord(fileRecord(`/${name}`, content.length));
    await stream.sendContent(content);
    await stream.endContent();
    await after(index + 1);
  }
  stream.halfClose();
  await results;
}

async function requireResults(results: AsyncIterable<ExportResult>): Promise<void> {
  for await (const { pathname, error } of results) requires(error === undefined, () => `${pathname}: ${String(error)}`);
}

async function storeFiles(client: StorageClient, { files, after }: Required<WorkOptions>): Promise<void> {
  await client.create(knownContent("config", 100));
  await client.open();
  const content = knownContent("packfile", 1000);
  for (let index = 0; index < files; index++) {
    const mac = Mac.fromBytes(knownContent(`mac ${index}`, 32));
    await client.put("packfile", mac, content);
    await readAll(client.get("packfile", mac));
    await after(index + 1);
  }
}

/** Begins a call that transfers data, and leaves it open. */
export async function beginCall<Kind extends ConnectorKind>(
  harness: Harness<Kind>,
  { client }: ConnectedPlugin & { client: Clients[Kind] },
): Promise<void> {
  const some: Clients[ConnectorKind] = client;
  if (harness.connector === "importer") {
    await (some as ImporterClient).scan()[Symbol.asyncIterator]().next();
  } else if (harness.connector === "exporter") {
    await beginRestore(some as ExporterClient);
  } else if (harness.connector === "inventory") {
    await (some as InventoryClient).list()[Symbol.asyncIterator]().next();
  } else if (harness.connector === "secret_provider") {
    (some as SecretProviderClient).resolve(harness.subject.handle ?? "").catch(() => undefined);
  } else {
    const storage = some as StorageClient;
    await storage.create(knownContent("config", 100));
    const { begun, source } = stalling();
    storage.put("packfile", Mac.fromBytes(knownContent("mac", 32)), source).catch(() => undefined);
    await begun;
  }
}

async function beginRestore(client: ExporterClient): Promise<void> {
  const { begun, source } = stalling();
  const size = 2_000_000;
  if (client.generation === "v1.0") {
    const { root } = await client.identity();
    await client.createDirectory(root);
    client.storeFile(posix.join(root, "file"), source, size).catch(() => undefined);
  } else {
    const stream = client.export();
    await stream.sendRecord(ROOT);
    await stream.sendRecord(fileRecord("/file", size));
    stream.sendContent(source).catch(() => undefined);
  }
  await begun;
}

/** Returns content that stalls after its first chunk. */
function stalling(): { begun: Promise<void>; source: AsyncIterable<Uint8Array> } {
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  async function* source(): AsyncGenerator<Uint8Array> {
    yield knownContent("unending", 1024 * 1024);
    begin();
    await new Promise(() => undefined);
  }
  return { begun, source: source() };
}
