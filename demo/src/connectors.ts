import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { RunningConnector } from "@kloset/host";

/** The connectors of the plugin, each an executable of its own. */
export type ConnectorKind = "importer" | "exporter" | "storage";

const KINDS: readonly ConnectorKind[] = ["importer", "exporter", "storage"];

/** @param plugins - The folder of the built plugin. */
export function executableOf(plugins: string, kind: ConnectorKind): string {
  return join(plugins, `tsfs-${kind}.cjs`);
}

/** @returns Executables that are missing: the plugin is not built. */
export async function missingExecutables(plugins: string): Promise<string[]> {
  const missing: string[] = [];
  for (const kind of KINDS) {
    const executable = executableOf(plugins, kind);
    await access(executable, constants.X_OK).catch(() => missing.push(executable));
  }
  return missing;
}

/**
 * Works with a connector in a process of its own, which has ended when this settles.
 *
 * @param signal - When it is aborted, the process is killed, as hosts do.
 * @throws What the work throws; Error when the process does not end with 0 afterwards.
 */
export async function withConnector<Client, T>(
  start: () => Promise<RunningConnector<Client>>,
  work: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const { client, plugin, stop } = await start().catch((error: unknown) => {
    // Ctrl-C reaches the plugin, too, which does not yet ignore it.
    signal?.throwIfAborted();
    throw error;
  });
  const kill = (): void => void plugin.kill();
  signal?.addEventListener("abort", kill, { once: true });
  try {
    // It may have come while the process was started.
    signal?.throwIfAborted();
    const result = await work(client);
    const exit = await stop();
    signal?.throwIfAborted();
    if (exit.code !== 0)
      throw new Error(`a plugin ended with ${exit.signal ?? `exit code ${String(exit.code)}`} after its work`);
    return result;
  } catch (error) {
    await (signal?.aborted === true ? plugin.kill() : stop());
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}
