import { openInventory, type InventoryClient, type ListedEntry } from "@kloset/host";
import { FaultInjector, type After, type HostFaults, type Interruption } from "./faults.js";
import { InitRun, type InitTest, type InitTestOptions } from "./init-run.js";
import type { ConnectorModule } from "./module.js";

/** Options of {@link InventoryTest.list}. */
export interface ListOptions {
  /** Misbehavior of the host. `pace` is called before each entry, with the same progress every time. */
  readonly faults?: HostFaults<Pick<After, "entries">> | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a listing. */
export interface ListResult {
  /** The entries that the host has received, in order. */
  readonly entries: readonly ListedEntry[];
  /** The fault that ended the listing. */
  readonly interruption: Interruption | undefined;
}

/** An inventory that is tested. */
export interface InventoryTest extends InitTest {
  /**
   * Lists every resource. Resolves, with what was received until then, if a fault ends the listing.
   *
   * @throws PluginError if the inventory fails it, with the text that the user would see.
   */
  list(options?: ListOptions): Promise<ListResult>;
}

/**
 * Starts an inventory in memory, as its host would start it, and sends Init.
 *
 * @param module - The default export of the plugin's module, or a factory.
 * @throws TypeError for anything else, RangeError for an invalid option, and PluginError with the text that the user would
 * see if Init fails.
 * @example
 * await using databases = await testInventory(inventory, { config: { region: "eu-west-3" } });
 * const { entries } = await databases.list();
 */
export async function testInventory(
  module: ConnectorModule<"inventory">,
  options: InitTestOptions = {},
): Promise<InventoryTest> {
  const run = await InitRun.start<"inventory", InventoryClient>({
    kind: "inventory",
    module,
    options,
    caller: "testInventory",
    open: openInventory,
  });
  return {
    list: (listing) => list(run, listing),
    disconnect: () => {
      run.disconnect();
    },
    close: () => run.close(),
    [Symbol.asyncDispose]: () => run.close(),
  };
}

async function list(run: InitRun<InventoryClient>, { faults = {}, signal }: ListOptions = {}): Promise<ListResult> {
  const injector = new FaultInjector(faults, run.plugin, signal);
  const entries: ListedEntry[] = [];
  try {
    injector.addEntries(0);
    for await (const entry of injector.each(run.client.list(injector.signal))) entries.push(entry);
  } catch (error) {
    if (injector.interruption === undefined) throw error;
  } finally {
    injector.dispose();
  }
  injector.assertHappened();
  return { entries, interruption: injector.interruption };
}
