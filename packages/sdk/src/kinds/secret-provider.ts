import type { SecretProviderFactory } from "@kloset/secret-provider";
import { servedWith, tablesOf, type Kind } from "./kind.js";

/** The secret provider kind: its service table and adapter, loaded on demand. */
export const secretProviderKind: Kind<SecretProviderFactory> = {
  name: "secret_provider",
  async loadTables() {
    const { secretProviderTable } = await import("@kloset/protocol/tables/v1.1/secret_provider");
    return tablesOf(secretProviderTable, secretProviderTable);
  },
  async loadAdapter() {
    const { newSecretProviderSession, secretProviderService } = await import("@kloset/secret-provider");
    return (factory, tables) => {
      const session = newSecretProviderSession();
      const service = secretProviderService(factory, session);
      return servedWith(session, tables, service, service);
    };
  },
};
