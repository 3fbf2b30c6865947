import {
  Calls,
  describe,
  discard,
  eachUntilAbort,
  initContextOf,
  isIterable,
  openConnector,
  rpcSignal,
  Session,
  untilAborted,
  withOwnSignal,
  type Methods,
  type MethodTable,
  type RpcContext,
} from "@kloset/adapter";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { inventory as wire } from "@kloset/protocol/v1.1";
import { InvalidValue, type Send } from "@kloset/wire/grpc";
import { checkEntry, type WireEntry } from "./entry-check.js";
import type { Inventory, InventoryFactory } from "./inventory.js";

const INVENTORY: Methods = {
  kind: "an inventory",
  methods: { list: "required", close: "required" } satisfies MethodTable<Inventory>,
};

/** Lifecycle of an inventory. */
export type InventorySession = Session<Inventory>;

/** Creates the session of one connection. */
export function newInventorySession(): InventorySession {
  return new Session();
}

/** Serves an inventory. There is one wire generation only. */
export function inventoryService(
  factory: InventoryFactory,
  session: InventorySession,
): ServiceImplementation<typeof wire.Inventory, RpcContext> {
  const calls = new Calls(session, "inventory.Inventory");
  return {
    init: ({ config }) =>
      calls.init(
        (signal) => openConnector(factory, initContextOf(config, signal), INVENTORY, (inventory) => inventory),
        () => ({}),
      ),
    list: (_request, context) =>
      calls.serverStream<{ entry: WireEntry }>("List", context, (inventory, send, sendContext) =>
        list(inventory, send, rpcSignal(sendContext)),
      ),
    close: () => calls.close(),
  };
}

/** Sends each entry as soon as the host has room for it. */
function list(inventory: Inventory, send: Send<{ entry: WireEntry }>, signal: AbortSignal): Promise<void> {
  return withOwnSignal(signal, async (own) => {
    const entries: unknown = await untilAborted(inventory.list({ signal: own }), own, discard);
    if (!isIterable(entries)) {
      throw new InvalidValue(`list() returned ${describe(entries)}: an iterable of entries is needed`);
    }
    let index = 0;
    await eachUntilAbort(entries, own, (entry) => send({ entry: checkEntry(entry, index++) }));
  });
}
