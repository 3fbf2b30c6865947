import type {
  ExporterClient,
  ImporterClient,
  InventoryClient,
  SecretProviderClient,
  StorageClient,
} from "@kloset/host";

/** The host's client for each kind of connector. */
export interface Clients {
  readonly importer: ImporterClient;
  readonly exporter: ExporterClient;
  readonly storage: StorageClient;
  readonly secret_provider: SecretProviderClient;
  readonly inventory: InventoryClient;
}
