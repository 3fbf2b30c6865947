import type { ExporterFactory } from "@kloset/exporter";
import type { ImporterFactory } from "@kloset/importer";
import type { StoreFactory } from "@kloset/storage";

/** The connectors of one plugin executable. Plakar starts a process of its own for each that it uses. */
export interface Connectors {
  readonly importer?: ImporterFactory | undefined;
  readonly exporter?: ExporterFactory | undefined;
  readonly storage?: StoreFactory | undefined;
}

/** What a connector can be. */
export type ConnectorKind = keyof Connectors;

/** All kinds, in the order in which people name them. */
export const connectorKinds: readonly ConnectorKind[] = ["importer", "exporter", "storage"];

/** The kinds that there are. */
export function kindsOf(connectors: Connectors): ConnectorKind[] {
  return connectorKinds.filter((kind) => connectors[kind] !== undefined);
}
