import type { Inventory, InventoryEntry, SecretProvider } from "@kloset/sdk";
import type { FaultInjector } from "./fault-injector.js";
import type { Tracker } from "./tracker.js";

/** Number of entries of a listing: more than fit into a flow-control window. */
const ENTRIES = 40;

/** Makes a secret provider that reports its calls to the tracker. Handles of an even length have a secret. */
export function trackedSecretProvider(injector: FaultInjector, tracker: Tracker): SecretProvider {
  const closed = tracker.opened("secret provider");
  return {
    resolve: (handle, { signal }) =>
      injector.call("resolve", () => (handle.length % 2 === 0 ? `secret of ${handle}` : undefined), signal),
    close: () => {
      closed();
      return injector.call("close", ignore);
    },
  };
}

/** Makes an inventory that reports its calls to the tracker. */
export function trackedInventory(injector: FaultInjector, tracker: Tracker): Inventory {
  const closed = tracker.opened("inventory");
  return {
    list: ({ signal }) => injector.call("list", () => injector.stream("entries", signal, () => entries()), signal),
    close: () => {
      closed();
      return injector.call("close", ignore);
    },
  };
}

async function* entries(): AsyncGenerator<InventoryEntry> {
  const details = Buffer.alloc(2048, 0x63);
  for (let i = 0; i < ENTRIES; i++) {
    yield { class: "compute", urn: `urn:${i}`, details, country: "FR" };
  }
}

function ignore(): void {
  // Intentionally empty.
}
