import type { ExporterFactory } from "@kloset/exporter";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** The exporter kind: its service tables and adapters, loaded on demand. */
export const exporterKind: Kind<ExporterFactory> = {
  name: "exporter",
  async loadTables() {
    const inV1_0 = await import("@kloset/protocol/tables/v1.0/exporter");
    const inV1_1 = await import("@kloset/protocol/tables/v1.1/exporter");
    return tablesOf(inV1_0.exporterTable, inV1_1.exporterTable);
  },
  async loadAdapter() {
    const { exporterV1_0, exporterV1_1, newExporterSession } = await import("@kloset/exporter");
    return (factory, tables) => {
      const session = newExporterSession();
      return servedWith(session, tables, exporterV1_0(factory, session), exporterV1_1(factory, session));
    };
  },
};
