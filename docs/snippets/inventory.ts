import { defineInventory, type InventoryEntry } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

// #region definition
export default defineInventory({
  config: { region: option.string({ description: "Region to list" }) },
  connect: ({ config: { region } }) => ({
    async *list({ signal }): AsyncGenerator<InventoryEntry> {
      for await (const { id, name, host } of databases(region, signal)) {
        yield {
          class: "database",
          subclass: "postgresql",
          urn: `urn:example:${region}:${id}`,
          name,
          region,
          endpoints: [{ type: "host", endpoint: host }],
        };
      }
    },
    close: () => undefined,
  }),
});
// #endregion definition

/** Stands for requests to a cloud. */
async function* databases(
  region: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly id: string; readonly name: string; readonly host: string }> {
  signal.throwIfAborted();
  yield { id: "db-1", name: "orders", host: `orders.${region}.example.com` };
}
