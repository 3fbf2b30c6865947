import type { Duplex } from "node:stream";
import {
  backup,
  backupToRepository,
  checkRepository,
  count,
  createRepository,
  maintainRepository,
  openExporter,
  openImporter,
  openInventory,
  openRepository,
  openSecretProvider,
  openStorage,
  PluginConnection,
  restore,
  syncStates,
  type Generation,
  type Resource,
  type RestoreEntry,
} from "@kloset/host";
import { fileInfoOf, Mac, MAC_LENGTH } from "@kloset/model";
import { record, type Capture } from "./capture.js";

const generations = ["v1.0", "v1.1"] as const;
const options = {
  location: "fuzz:///srv",
  options: { maxConcurrency: 2, hostname: "vm", os: "linux", arch: "amd64", cwd: "/srv" },
};

/** Records each flow of `@kloset/host`. */
export async function recordFlows(): Promise<Capture[]> {
  const captures: Capture[] = [];
  for (const generation of generations) {
    const all = generation === "v1.0" ? flows : { ...flows, ...flowsOfV1_1 };
    for (const [name, drive] of Object.entries(all)) {
      captures.push(await record(`host ${generation} ${name}`, (transport) => play(transport, generation, drive)));
    }
  }
  return captures;
}

type Drive = (connection: PluginConnection) => Promise<unknown>;

async function play(transport: Duplex, generation: Generation, drive: Drive): Promise<void> {
  const connection = await PluginConnection.open({ transport }, { generation });
  try {
    await drive(connection);
  } finally {
    connection.close();
  }
}

const flows: Readonly<Record<string, Drive>> = {
  backup: async (connection) => backup(await openImporter(connection, options), sink),
  count: async (connection) => count(await openImporter(connection, options)),
  restore: async (connection) => restore(await openExporter(connection, options), entries()),
  create: async (connection) => {
    await createRepository(await openStorage(connection, options), Buffer.from("configuration"));
  },
  "storage backup": async (connection) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    const work = {
      lock: resource(9, 100),
      entries: 3,
      packfiles: [resource(1, 30_000), resource(2, 300)],
      state: resource(3, 4574),
    };
    await backupToRepository(storage, work, { maxConcurrency: 2 });
  },
  check: async (connection) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    await checkRepository(storage, wanted);
  },
  maintenance: async (connection) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    await syncStates(storage);
    await maintainRepository(storage, { lock: resource(9, 100), wanted });
  },
};

/** The flows of connectors with one generation. */
const flowsOfV1_1: Readonly<Record<string, Drive>> = {
  secrets: async (connection) => {
    const provider = await openSecretProvider(connection, options);
    await Promise.all(["ab", "写真", "missing", ""].map((handle) => provider.resolve(handle).catch(() => undefined)));
    await provider.close();
  },
  inventory: async (connection) => {
    const inventory = await openInventory(connection, options);
    const entries = inventory.list()[Symbol.asyncIterator]();
    while ((await entries.next()).done !== true);
    for await (const { urn } of inventory.list()) if (urn === "urn:3") break;
    await inventory.close();
  },
};

const sink = {
  async record(_record: unknown, content: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    const chunks = content?.[Symbol.asyncIterator]();
    while (chunks !== undefined && (await chunks.next()).done !== true);
  },
  error: (): void => undefined,
};

const wanted = [17, 500, 4900].map(
  (offset) => ({ kind: "packfile", mac: macOf(1), range: { offset, length: 300 } }) as const,
);

function macOf(fill: number): Mac {
  return Mac.fromBytes(new Uint8Array(MAC_LENGTH).fill(fill));
}

function resource(fill: number, length: number): Resource {
  return { mac: macOf(fill), read: () => [Buffer.alloc(length, fill)] };
}

function* entries(): Generator<RestoreEntry> {
  const link = { dev: 1n, ino: 7n, nlink: 2 };
  for (const pathname of ["/", "/d", "/d/e"]) yield { pathname, fileInfo: fileInfoOf({ type: "directory", nlink: 2 }) };
  yield { ...fileEntry("/d/small", 10), extendedAttributes: ["user.color"] } as RestoreEntry;
  yield fileEntry("/d/empty", 0);
  yield fileEntry("/d/e/large", 40_000);
  yield fileEntry("/d/e/one", 500, link);
  yield fileEntry("/d/e/two", 500, link);
  yield { pathname: "/d/link", fileInfo: fileInfoOf({ type: "symlink" }), target: "small" };
  yield { pathname: "/d/pipe", fileInfo: fileInfoOf({ type: "fifo" }) };
  yield { pathname: "/d/small", attribute: { name: "user.color", kind: "extended" }, read: () => Buffer.from("red") };
}

function fileEntry(pathname: string, size: number, more: object = {}): RestoreEntry {
  return { pathname, fileInfo: fileInfoOf({ size, ...more }), read: () => [Buffer.alloc(size, 0x61)] };
}
