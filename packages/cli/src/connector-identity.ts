import {
  openExporter,
  openImporter,
  openInventory,
  openSecretProvider,
  openStorage,
  type ConnectorIdentity,
  type ConnectorOptions,
  type PluginConnection,
} from "@kloset/host";
import { LocationFlag } from "@kloset/model";
import type { ConnectorType } from "./project.js";

/**
 * Opens a connector and closes it, which has no effect on its location.
 *
 * @returns Its answer to Init; undefined for a secret provider or an inventory, whose answer says nothing.
 * @throws Error - The errors of `@kloset/host`.
 */
export async function identityOf(
  type: ConnectorType,
  connection: PluginConnection,
  options: Pick<ConnectorOptions, "location" | "config">,
): Promise<ConnectorIdentity | undefined> {
  switch (type) {
    case "importer":
    case "exporter":
    case "storage": {
      const open = { importer: openImporter, exporter: openExporter, storage: openStorage }[type];
      const client = await open(connection, options);
      const identity = await client.identity();
      await client.close();
      return identity;
    }
    case "secret_provider":
      await (await openSecretProvider(connection, options)).close();
      return undefined;
    case "inventory":
      await (await openInventory(connection, options)).close();
      return undefined;
  }
}

/** Returns the names of location flags, as manifests spell them. */
export function flagNamesOf(flags: number): string[] {
  return Object.entries(LocationFlag).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name.toLowerCase()]));
}
