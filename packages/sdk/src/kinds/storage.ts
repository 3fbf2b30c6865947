import type { StoreFactory } from "@kloset/storage";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** The storage kind: its service tables and adapters, loaded on demand. */
export const storageKind: Kind<StoreFactory> = {
  name: "storage",
  async loadTables() {
    const inV1_0 = await import("@kloset/protocol/tables/v1.0/store");
    const inV1_1 = await import("@kloset/protocol/tables/v1.1/store");
    return tablesOf(inV1_0.storeTable, inV1_1.storeTable);
  },
  async loadAdapter() {
    const { storeV1_0, storeV1_1, StoreSession } = await import("@kloset/storage");
    return (factory, tables) => {
      const session = new StoreSession();
      return servedWith(session, tables, storeV1_0(factory, session), storeV1_1(factory, session));
    };
  },
};
