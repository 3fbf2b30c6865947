import type { ImporterFactory } from "@kloset/importer";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** The importer kind: its service tables and adapters, loaded on demand. */
export const importerKind: Kind<ImporterFactory> = {
  name: "importer",
  async loadTables() {
    const inV1_0 = await import("@kloset/protocol/tables/v1.0/importer");
    const inV1_1 = await import("@kloset/protocol/tables/v1.1/importer");
    return tablesOf(inV1_0.importerTable, inV1_1.importerTable);
  },
  async loadAdapter() {
    const { importerV1_0, importerV1_1, newImporterSession } = await import("@kloset/importer");
    return (factory, tables) => {
      const session = newImporterSession();
      return servedWith(session, tables, importerV1_0(factory, session), importerV1_1(factory, session));
    };
  },
};
