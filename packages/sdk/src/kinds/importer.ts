import type { ImporterFactory } from "@kloset/importer";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** Importers. */
export const importerKind: Kind<ImporterFactory> = {
  name: "importer",
  async loadTables() {
    const old = await import("@kloset/protocol/tables/v1.0/importer");
    const current = await import("@kloset/protocol/tables/v1.1/importer");
    return tablesOf(old.importerTable, current.importerTable);
  },
  async loadAdapter() {
    const { importerV1_0, importerV1_1, newImporterSession } = await import("@kloset/importer");
    return (factory, tables) => {
      const session = newImporterSession();
      return servedWith(session, tables, importerV1_0(factory, session), importerV1_1(factory, session));
    };
  },
};
