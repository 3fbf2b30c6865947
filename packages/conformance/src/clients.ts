import type { ExporterClient, ImporterClient, StorageClient } from "@kloset/host";

/** The host's client for each kind of connector. */
export interface Clients {
  readonly importer: ImporterClient;
  readonly exporter: ExporterClient;
  readonly storage: StorageClient;
}
