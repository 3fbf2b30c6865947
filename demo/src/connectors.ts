import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { RunningConnector } from "@kloset/host";

/** The connectors of the plugin. Each has its own executable. */
export type ConnectorKind = "importer" | "exporter" | "storage";

const KINDS: readonly ConnectorKind[] = ["importer", "exporter", "storage"];

/** @param plugins - The folder of the built plugin. */
export function executableOf(plugins: string, kind: ConnectorKind): string {
  return join(plugins, `tsfs-${kind}.cjs`);
}

/** @returns The missing executables. Empty if the plugin is built. */
export async function missingExecutables(plugins: string): Promise<string[]> {
  const missing: string[] = [];
  for (const kind of KINDS) {
    const executable = executableOf(plugins, kind);
    await access(executable, constants.X_OK).catch(() => missing.push(executable));
  }
  return missing;
}

/**
 * Runs work with a connector in a separate process, which has ended when the
 * promise settles.
 *
 * @param signal - Kills the process on abort, as hosts do.
 * @throws The error of the work; Error if the process then does not exit with 0.
 */
export async function withConnector<Client, T>(
  start: () => Promise<RunningConnector<Client>>,
  work: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const { client, plugin, stop } = await start().catch((error: unknown) => {
    // Ctrl-C also reaches the plugin, which does not ignore it during its start.
    signal?.throwIfAborted();
    throw error;
  });
  const kill = (): void => void plugin.kill();
  signal?.addEventListener("abort", kill, { once: true });
  try {
    // The abort may have come during the start.
    signal?.throwIfAborted();
    const result = await work(client);
    const exit = await stop();
    signal?.throwIfAborted();
    if (exit.code !== 0)
      throw new Error(`a plugin exited with ${exit.signal ?? `code ${String(exit.code)}`} after its work`);
    return result;
  } catch (error) {
    await (signal?.aborted === true ? plugin.kill() : stop());
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}
