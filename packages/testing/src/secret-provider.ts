import { openSecretProvider, type SecretProviderClient } from "@kloset/host";
import { InitRun, type InitTest, type InitTestOptions } from "./init-run.js";
import type { ConnectorModule } from "./module.js";

/** A secret provider that is tested. */
export interface SecretProviderTest extends InitTest {
  /**
   * Looks up a secret.
   *
   * @param options - `signal` cancels the call.
   * @throws PluginError with the text that the user would see. Its code is `StatusCode.NOT_FOUND` if there is no such
   * secret.
   */
  resolve(handle: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<string>;
}

/**
 * Starts a secret provider in memory, as its host would start it, and sends Init.
 *
 * @param module - The default export of the plugin's module, or a factory.
 * @throws TypeError for anything else, RangeError for an invalid option, and PluginError with the text that the user would
 * see if Init fails.
 * @example
 * await using vault = await testSecretProvider(provider, { config: { token: "t" } });
 * assert.equal(await vault.resolve("database/password"), "secret");
 */
export async function testSecretProvider(
  module: ConnectorModule<"secret_provider">,
  options: InitTestOptions = {},
): Promise<SecretProviderTest> {
  const run = await InitRun.start<"secret_provider", SecretProviderClient>({
    kind: "secret_provider",
    module,
    options,
    caller: "testSecretProvider",
    open: openSecretProvider,
  });
  return {
    resolve: (handle, { signal } = {}) => run.client.resolve(handle, signal),
    disconnect: () => {
      run.disconnect();
    },
    close: () => run.close(),
    [Symbol.asyncDispose]: () => run.close(),
  };
}
