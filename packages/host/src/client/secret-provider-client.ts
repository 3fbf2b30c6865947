import { secretProvider } from "@kloset/protocol/v1.1";
import type { PluginConnection } from "../grpc/connection.js";
import { initConfig, type InitOptions } from "./connector.js";

const rpc = secretProvider.SecretProvider.method;

/** A secret provider. It has one wire generation, whatever that of the connection. */
export interface SecretProviderClient {
  /**
   * Looks up a secret.
   *
   * @throws PluginError with the plugin's status, NOT_FOUND if there is no such secret.
   */
  resolve(handle: string, signal?: AbortSignal): Promise<string>;
  /**
   * Tells the plugin that the work is done. `"plaklet"` also ends its process: see `HostProfile.awaitsExitOnClose`.
   *
   * @throws PluginConnectionError for a nonzero exit code, if the host awaits the exit.
   */
  close(): Promise<void>;
}

/** Sends Init. @throws PluginError if the plugin rejects it. */
export async function openSecretProvider(
  connection: PluginConnection,
  options: InitOptions = {},
): Promise<SecretProviderClient> {
  await connection.unary(rpc.init, { config: initConfig(options) });
  return {
    resolve: async (handle, signal) => (await connection.unary(rpc.resolve, { handle }, signal)).secret,
    close: () => connection.closeConnector(rpc.close),
  };
}
