import type { InventoryFactory } from "@kloset/inventory";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** The inventory kind: its service table and adapter, loaded on demand. */
export const inventoryKind: Kind<InventoryFactory> = {
  name: "inventory",
  async loadTables() {
    const { inventoryTable } = await import("@kloset/protocol/tables/v1.1/inventory");
    return tablesOf(inventoryTable, inventoryTable);
  },
  async loadAdapter() {
    const { inventoryService, newInventorySession } = await import("@kloset/inventory");
    return (factory, tables) => {
      const session = newInventorySession();
      const service = inventoryService(factory, session);
      return servedWith(session, tables, service, service);
    };
  },
};
