import { inventory } from "@kloset/protocol/v1.1";
import { PluginContractError } from "../errors.js";
import { pathOf } from "../grpc/call.js";
import type { PluginConnection } from "../grpc/connection.js";
import { initConfig, type InitOptions } from "./connector.js";

const rpc = inventory.Inventory.method;

/** A resource of an inventory. A text that the plugin has not set is empty. */
export interface ListedEntry {
  readonly class: string;
  readonly subclass: string;
  readonly tags: readonly string[];
  readonly urn: string;
  readonly name: string;
  readonly region: string;
  readonly service: string;
  readonly resource: string;
  readonly details: Uint8Array;
  readonly endpoints: readonly ListedEndpoint[];
  /** As the plugin sent it. Hosts drop a value that is not an ISO 3166-1 alpha-2 code. */
  readonly country: string;
}

/** An address of a resource. */
export interface ListedEndpoint {
  readonly type: string;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An inventory. It has one wire generation, whatever that of the connection. */
export interface InventoryClient {
  /**
   * Lists every resource. The call starts when iteration begins. Stopping early cancels it.
   *
   * @throws PluginError with the plugin's status; PluginContractError for a message without an entry.
   */
  list(signal?: AbortSignal): AsyncIterable<ListedEntry>;
  /**
   * Tells the plugin that the work is done. `"plaklet"` also ends its process: see `HostProfile.awaitsExitOnClose`.
   *
   * @throws PluginConnectionError for a nonzero exit code, if the host awaits the exit.
   */
  close(): Promise<void>;
}

/** Sends Init. @throws PluginError if the plugin rejects it. */
export async function openInventory(connection: PluginConnection, options: InitOptions = {}): Promise<InventoryClient> {
  await connection.unary(rpc.init, { config: initConfig(options) });
  return {
    list: (signal) => list(connection, signal),
    close: () => connection.closeConnector(rpc.close),
  };
}

async function* list(
  connection: PluginConnection,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedEntry, void, undefined> {
  const call = await connection.serverStream(rpc.list, {}, signal);
  let over = false;
  try {
    for (;;) {
      const message = await call.receive();
      if (message === undefined) break;
      if (message.entry === undefined) {
        throw new PluginContractError(
          `${pathOf(rpc.list)}: the plugin sent a message without an entry, which hosts reject`,
        );
      }
      yield entryOf(message.entry);
    }
    over = true;
  } finally {
    if (!over) call.cancel();
  }
}

/** Copies the fields, without those of protobuf-es. */
function entryOf(entry: inventory.InventoryEntry): ListedEntry {
  const { class: name, subclass, tags, urn, name: title, region, service, resource, details, country } = entry;
  return {
    ...{ class: name, subclass, tags, urn, name: title, region, service, resource, details, country },
    endpoints: entry.endpoints.map(({ type, endpoint, attributes }) => ({ type, endpoint, attributes })),
  };
}
