import { createHash } from "node:crypto";
import type { StorageClient } from "@kloset/host";
import { iterableSource, Mac, type ByteSource, type Range, type ResourceKind } from "@kloset/model";
import { ConnectorRuns, type ConnectorTest, type Run, type TestOptions } from "./connector-runs.js";
import { collect, DEFAULT_MAX_BYTES } from "./content.js";
import { FaultInjector, type After, type HostFaults } from "./faults.js";
import type { ConnectorModule } from "./module.js";

/** Misbehavior of a host during a transfer. The call then rejects. */
export type TransferFaults = HostFaults<Pick<After, "bytes">>;

/** Misbehavior of a host that stores a resource. The call then rejects. */
export interface PutFaults extends TransferFaults {
  /** Number of bytes after which the source of the host fails. The host then cancels the call. */
  readonly failAfter?: number | undefined;
}

/** Options of {@link StorageTest.put}. */
export interface PutOptions {
  /** Misbehavior of the host. */
  readonly faults?: PutFaults | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link StorageTest.get}. */
export interface GetOptions {
  /** The part to read. Default: all of the resource. v1.0 hosts read parts of packfiles only. */
  readonly range?: Range | undefined;
  /** Largest resource to read, in bytes. Default: 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Misbehavior of the host. */
  readonly faults?: TransferFaults | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A storage that is tested. All calls go to one connector, as from one process of Plakar. After a disconnection, the next
 * call starts another one. Each call rejects with PluginError if the storage fails it.
 */
export interface StorageTest extends ConnectorTest {
  /** Creates a repository. @param config - Opaque bytes; text is encoded as UTF-8. */
  create(config: string | Uint8Array): Promise<void>;
  /** Opens the repository. @returns The configuration that was passed to `create`. */
  open(): Promise<Uint8Array>;
  /** Returns the mode of the store: bits of `StoreMode`. */
  mode(): Promise<number>;
  /** Returns the size of the store in bytes, or -1 if it is unknown. */
  size(): Promise<number>;
  /**
   * Stores a resource.
   *
   * @param content - Text is encoded as UTF-8.
   * @returns The number of bytes written, as the storage reports it.
   */
  put(kind: ResourceKind, mac: Mac, content: string | ByteSource, options?: PutOptions): Promise<number>;
  /** Reads a resource, or a part of it. */
  get(kind: ResourceKind, mac: Mac, options?: GetOptions): Promise<Uint8Array>;
  /** Lists all resources of a kind. */
  list(kind: ResourceKind): Promise<Mac[]>;
  /** Deletes a resource. */
  delete(kind: ResourceKind, mac: Mac): Promise<void>;
}

/**
 * Starts a storage in memory, in the form in which Plakar would start it, and sends Init.
 *
 * @param module - The default export of the plugin's module, or a factory.
 * @throws TypeError for anything else, RangeError for an invalid option, and PluginError with the text that the user would
 * see if Init fails.
 * @example
 * await using storage = await testStorage(bucket, { location: "bucket://test" });
 * await storage.put("packfile", macOf("a"), "content");
 */
export async function testStorage(module: ConnectorModule<"storage">, options: TestOptions): Promise<StorageTest> {
  const runs = await ConnectorRuns.start("storage", module, options, "testStorage");
  return new StorageCalls(runs, await runs.open());
}

/** Returns a MAC made from a name: always the same for one name. */
export function macOf(name: string): Mac {
  return Mac.fromBytes(createHash("sha256").update(name).digest());
}

class StorageCalls implements StorageTest {
  readonly identity;
  readonly #runs: ConnectorRuns<"storage">;
  #run: Run<StorageClient> | undefined;
  /** Pending while a connector is being started. */
  #starting: Promise<Run<StorageClient>> | undefined;

  constructor(runs: ConnectorRuns<"storage">, run: Run<StorageClient>) {
    this.identity = runs.identity;
    this.#runs = runs;
    this.#run = run;
  }

  async create(config: string | Uint8Array): Promise<void> {
    const { client } = await this.#current();
    await client.create(typeof config === "string" ? Buffer.from(config) : config);
  }

  async open(): Promise<Uint8Array> {
    return (await this.#current()).client.open();
  }

  async mode(): Promise<number> {
    return (await this.#current()).client.mode();
  }

  async size(): Promise<number> {
    return (await this.#current()).client.size();
  }

  async put(kind: ResourceKind, mac: Mac, content: string | ByteSource, options: PutOptions = {}): Promise<number> {
    const failAfter = options.faults?.failAfter;
    checkFailAfter(failAfter);
    const source = iterableSource(typeof content === "string" ? Buffer.from(content) : content, "the resource");
    return await this.#transfer(options, ({ client }, injector) =>
      client.put(kind, mac, injector.through("", failing(piecesOf(source), failAfter)), injector.signal),
    );
  }

  async get(kind: ResourceKind, mac: Mac, options: GetOptions = {}): Promise<Uint8Array> {
    const budget = { left: options.maxBytes ?? DEFAULT_MAX_BYTES };
    return await this.#transfer(options, ({ client }, injector) =>
      collect(injector.through("", client.get(kind, mac, options.range, injector.signal)), budget),
    );
  }

  async list(kind: ResourceKind): Promise<Mac[]> {
    return (await this.#current()).client.list(kind);
  }

  async delete(kind: ResourceKind, mac: Mac): Promise<void> {
    await (await this.#current()).client.delete(kind, mac);
  }

  async close(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    try {
      if (run?.plugin.transport.destroyed === false) await run.close();
    } finally {
      await this.#runs.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #current(): Promise<Run<StorageClient>> {
    const run = this.#run;
    if (run?.plugin.transport.destroyed === false) return run;
    this.#starting ??= this.#restart(run).finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  async #restart(before: Run<StorageClient> | undefined): Promise<Run<StorageClient>> {
    // A failure of close() must not be lost with the connector.
    if (before !== undefined) await this.#runs.end(before);
    const run = await this.#runs.open();
    this.#run = run;
    return run;
  }

  async #transfer<T>(
    { faults = {}, signal }: Pick<PutOptions, "faults" | "signal">,
    work: (run: Run<StorageClient>, injector: FaultInjector) => Promise<T>,
  ): Promise<T> {
    const run = await this.#current();
    const injector = new FaultInjector(faults, run.plugin, signal);
    try {
      injector.addEntries(0);
      const result = await work(run, injector);
      injector.assertHappened();
      return result;
    } finally {
      injector.dispose();
    }
  }
}

function checkFailAfter(failAfter: number | undefined): void {
  if (failAfter === undefined || (Number.isSafeInteger(failAfter) && failAfter >= 0)) return;
  throw new RangeError(`faults.failAfter: expected a number of bytes from 0, got ${failAfter}`);
}

async function* piecesOf(
  source: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}

/** Cuts a source off after some bytes. @throws RangeError if it is not that long. */
async function* failing(
  chunks: AsyncIterable<Uint8Array>,
  failAfter: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = failAfter ?? Infinity;
  for await (const chunk of chunks) {
    if (left < chunk.length) {
      if (left > 0) yield chunk.subarray(0, left);
      throw new Error(`the source failed after ${String(failAfter)} bytes, as the test demands`);
    }
    left -= chunk.length;
    yield chunk;
  }
  if (failAfter === undefined) return;
  throw new RangeError(
    `faults.failAfter: expected fewer bytes than the ${failAfter - left} of the content, got ${failAfter}`,
  );
}
