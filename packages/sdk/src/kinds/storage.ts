import type { StoreFactory } from "@kloset/storage";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** Storages. */
export const storageKind: Kind<StoreFactory> = {
  name: "storage",
  async loadTables() {
    const old = await import("@kloset/protocol/tables/v1.0/store");
    const current = await import("@kloset/protocol/tables/v1.1/store");
    return tablesOf(old.storeTable, current.storeTable);
  },
  async loadAdapter() {
    const { storeV1_0, storeV1_1, StoreSession } = await import("@kloset/storage");
    return (factory, tables) => {
      const session = new StoreSession();
      return servedWith(session, tables, storeV1_0(factory, session), storeV1_1(factory, session));
    };
  },
};
