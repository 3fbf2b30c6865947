import type { ExporterFactory } from "@kloset/exporter";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** Exporters. */
export const exporterKind: Kind<ExporterFactory> = {
  name: "exporter",
  async loadTables() {
    const old = await import("@kloset/protocol/tables/v1.0/exporter");
    const current = await import("@kloset/protocol/tables/v1.1/exporter");
    return tablesOf(old.exporterTable, current.exporterTable);
  },
  async loadAdapter() {
    const { exporterV1_0, exporterV1_1, newExporterSession } = await import("@kloset/exporter");
    return (factory, tables) => {
      const session = newExporterSession();
      return servedWith(session, tables, exporterV1_0(factory, session), exporterV1_1(factory, session));
    };
  },
};
