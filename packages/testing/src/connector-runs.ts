import {
  openExporter,
  openImporter,
  openStorage,
  PluginConnection,
  type ConnectorIdentity,
  type ConnectorOptions,
  type ExporterClient,
  type Generation,
  type ImporterClient,
  type StorageClient,
} from "@kloset/host";
import { checkDeadline } from "@kloset/wire/async";
import { MemoryPlugin, within } from "./memory-plugin.js";
import { factoryOf, type ConnectorModule } from "./module.js";

/** Options of `testImporter`, `testExporter` and `testStorage`. */
export interface TestOptions extends ConnectorOptions {
  /** The generation of the host: Plakar 1.0.3 to 1.0.6, or Plakar 1.1. Default: `"v1.1"`. */
  readonly generation?: Generation | undefined;
  /**
   * Time limit for closing the connector, in milliseconds. `Infinity` disables the limit. Default: 20,000, because the
   * SDK waits up to 10,000 for running calls.
   */
  readonly closeDeadlineMs?: number | undefined;
}

/** A connector that is tested. */
export interface ConnectorTest extends AsyncDisposable {
  /** The connector's description of itself, as its host sees it. v1.0 hosts see less than others. */
  readonly identity: ConnectorIdentity;
  /**
   * Ends the test: the host leaves, and the connector is closed. Called by `await using`. Operations that are still
   * running fail.
   *
   * @throws what the connector's `close()` throws, and Error if it does not finish within `closeDeadlineMs`.
   */
  close(): Promise<void>;
}

interface Clients {
  readonly importer: ImporterClient;
  readonly exporter: ExporterClient;
  readonly storage: StorageClient;
}

const OPENERS: {
  readonly [Kind in keyof Clients]: (c: PluginConnection, options: ConnectorOptions) => Promise<Clients[Kind]>;
} = { importer: openImporter, exporter: openExporter, storage: openStorage };

/** The SDK waits up to 10,000 ms for running calls. */
export const DEFAULT_CLOSE_DEADLINE_MS = 20_000;

/** One process of a plugin, played in memory, that has answered Init. */
export interface Run<Client> {
  readonly client: Client;
  readonly plugin: MemoryPlugin;
  /** Sends Close, in place of `client.close()`, which waits without a limit. */
  readonly close: () => Promise<void>;
}

/** Starts a connector for each operation, as Plakar starts a process for each command. */
export class ConnectorRuns<Kind extends keyof Clients> {
  readonly identity: ConnectorIdentity;
  readonly generation: Generation;
  readonly #start: () => Promise<Run<Clients[Kind]>>;
  readonly #closeDeadlineMs: number;
  readonly #running = new Set<Run<Clients[Kind]>>();
  /** Started at once, so that a wrong configuration fails early. The first operation uses it. */
  #first: Run<Clients[Kind]> | undefined;
  #closed = false;

  private constructor(
    first: Run<Clients[Kind]>,
    identity: ConnectorIdentity,
    generation: Generation,
    start: () => Promise<Run<Clients[Kind]>>,
    closeDeadlineMs: number,
  ) {
    this.#first = first;
    this.identity = identity;
    this.generation = generation;
    this.#start = start;
    this.#closeDeadlineMs = closeDeadlineMs;
  }

  /**
   * Starts the connector and sends Init.
   *
   * @param caller - Names the function that was called, in errors.
   * @throws PluginError with the text that the user of the plugin would see, if Init fails.
   */
  static async start<Kind extends keyof Clients>(
    kind: Kind,
    module: ConnectorModule<Kind>,
    options: TestOptions,
    caller: string,
  ): Promise<ConnectorRuns<Kind>> {
    const { generation = "v1.1", closeDeadlineMs = DEFAULT_CLOSE_DEADLINE_MS } = options;
    checkDeadline("closeDeadlineMs", closeDeadlineMs);
    const factory = factoryOf(module, kind, caller);
    const start = async (): Promise<Run<Clients[Kind]>> => {
      const plugin = await MemoryPlugin.start({ [kind]: factory });
      try {
        const connection = await PluginConnection.open(plugin, { generation });
        const client = await OPENERS[kind](connection, options);
        return { plugin, client, close: () => within(closeDeadlineMs, client.close()) };
      } catch (error) {
        await endQuietly(plugin, closeDeadlineMs);
        throw error;
      }
    };
    const first = await start();
    try {
      return new ConnectorRuns(first, await first.client.identity(), generation, start, closeDeadlineMs);
    } catch (error) {
      await endQuietly(first.plugin, closeDeadlineMs);
      throw error;
    }
  }

  /** Returns the connector that was started first, if no operation has used it, or a new one. */
  async open(): Promise<Run<Clients[Kind]>> {
    if (this.#closed) throw new Error("the test of this connector was closed");
    const run = this.#first ?? (await this.#start());
    this.#first = undefined;
    this.#running.add(run);
    return run;
  }

  /**
   * Runs an operation on a connector, then ends it.
   *
   * @throws what the operation throws, or else what the connector's `close()` throws.
   */
  async once<T>(operation: (run: Run<Clients[Kind]>) => Promise<T>): Promise<T> {
    const run = await this.open();
    let result: T;
    try {
      result = await operation(run);
    } catch (error) {
      // The first failure explains more than that of close().
      await this.end(run).catch(() => undefined);
      throw error;
    }
    await this.end(run);
    return result;
  }

  /** Ends a connector. @throws what its `close()` throws. */
  async end(run: Run<Clients[Kind]>): Promise<void> {
    this.#running.delete(run);
    await run.plugin.end(this.#closeDeadlineMs);
  }

  /** Ends all connectors. @throws what the `close()` of the first that fails throws. */
  async close(): Promise<void> {
    this.#closed = true;
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) {
      this.#running.add(first);
      try {
        await first.close();
      } finally {
        await this.end(first);
      }
    }
    const outcomes = await Promise.allSettled([...this.#running].map((run) => this.end(run)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
}

/** Ends a plugin after a failure, which explains more than that of `close()`. */
async function endQuietly(plugin: MemoryPlugin, deadlineMs: number): Promise<void> {
  await plugin.end(deadlineMs).catch(() => undefined);
}
