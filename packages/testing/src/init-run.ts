import { PluginConnection, type Generation, type InitOptions } from "@kloset/host";
import type { Connectors } from "@kloset/sdk/embedding";
import { checkDeadline } from "@kloset/wire/async";
import { DEFAULT_CLOSE_DEADLINE_MS, type TestOptions } from "./connector-runs.js";
import { MemoryPlugin, within } from "./memory-plugin.js";
import { factoryOf, propertyOf, type ConnectorModule, type ModuleKind } from "./module.js";

/** Options of `testSecretProvider` and `testInventory`. */
export interface InitTestOptions extends InitOptions, Pick<TestOptions, "closeDeadlineMs"> {
  /** The user agent of the host. Both kinds behave the same with any. Default: `"v1.1"`. */
  readonly generation?: Generation | undefined;
}

/** A secret provider or an inventory that is tested. */
export interface InitTest extends AsyncDisposable {
  /** Ends the connection without Close, as a host that has died. Running calls fail, and the connector is closed. */
  disconnect(): void;
  /**
   * Ends the test: the host sends Close and leaves. Called by `await using`. Calls that are still running fail.
   *
   * @throws what the connector's `close()` throws, and Error if it does not finish within `closeDeadlineMs`.
   */
  close(): Promise<void>;
}

/** The parts of a start that differ between the kinds. */
interface Start<Kind extends ModuleKind, Client> {
  readonly kind: Kind;
  readonly module: ConnectorModule<Kind>;
  readonly options: InitTestOptions;
  /** Names the function that was called, in errors. */
  readonly caller: string;
  readonly open: (connection: PluginConnection, options: InitOptions) => Promise<Client>;
}

/** One process of a plugin, played in memory, that has answered Init. */
export class InitRun<Client extends { close(): Promise<void> }> {
  readonly client: Client;
  readonly plugin: MemoryPlugin;
  readonly #closeDeadlineMs: number;
  #closing: Promise<void> | undefined;

  private constructor(client: Client, plugin: MemoryPlugin, closeDeadlineMs: number) {
    this.client = client;
    this.plugin = plugin;
    this.#closeDeadlineMs = closeDeadlineMs;
  }

  /**
   * Starts the connector and sends Init.
   *
   * @throws PluginError with the text that the user of the plugin would see, if Init fails.
   */
  static async start<Kind extends ModuleKind, Client extends { close(): Promise<void> }>({
    kind,
    module,
    options,
    caller,
    open,
  }: Start<Kind, Client>): Promise<InitRun<Client>> {
    const { generation = "v1.1", closeDeadlineMs = DEFAULT_CLOSE_DEADLINE_MS } = options;
    checkDeadline("closeDeadlineMs", closeDeadlineMs);
    const connectors: Connectors = { [propertyOf(kind)]: factoryOf(module, kind, caller) };
    const plugin = await MemoryPlugin.start(connectors);
    try {
      const connection = await PluginConnection.open(plugin, { generation });
      return new InitRun(await open(connection, options), plugin, closeDeadlineMs);
    } catch (error) {
      // The first failure explains more than that of close().
      await plugin.end(closeDeadlineMs).catch(() => undefined);
      throw error;
    }
  }

  disconnect(): void {
    this.plugin.disconnect();
  }

  /** Sends Close, if the host is still there, and ends the plugin. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (!this.plugin.transport.destroyed) await within(this.#closeDeadlineMs, this.client.close());
    } finally {
      await this.plugin.end(this.#closeDeadlineMs);
    }
  }
}
