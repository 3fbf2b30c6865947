import { checkGeneration, chosenGeneration, type Generation } from "@kloset/adapter";
import { servePlugin, writeLine } from "@kloset/process";
import { checkDeadline } from "@kloset/wire/async";
import type { ExporterFactory } from "@kloset/exporter";
import type { ImporterFactory } from "@kloset/importer";
import type { InventoryFactory } from "@kloset/inventory";
import { flushLog, log, logConsole } from "@kloset/log";
import type { SecretProviderFactory } from "@kloset/secret-provider";
import type { StoreFactory } from "@kloset/storage";
import { connectorOf, connectorsOf, type Connector, type Connectors } from "./connectors.js";
import { definedConnector, type Defined } from "./define.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import { inventoryKind } from "./kinds/inventory.js";
import { secretProviderKind } from "./kinds/secret-provider.js";
import { storageKind } from "./kinds/storage.js";
import { loadPlugin, type Plugin } from "./plugin.js";
import { chosenServer, loadServer } from "./server.js";

/** Settings of a plugin's connection to its host. All are optional. */
export interface RunOptions {
  /**
   * The only wire generation to serve. Default: the argument `--generation`, the
   * environment variable `KLOSET_GENERATION`, or the generation detected from the
   * host's first request, in that order.
   */
  readonly generation?: Generation;
  /**
   * The file descriptors of the connection: two pipes on fd 0 and fd 1, or one
   * socket on fd 0. Default: the environment variable `KLOSET_TRANSPORT`, or else
   * detected.
   */
  readonly transport?: "pipes" | "socket";
  /**
   * Time limit for closing the connector after the host has gone, in milliseconds,
   * including the wait for running calls to end. When it passes, the process logs
   * an error and exits with code 1. `Infinity`, or anything over 24 days, disables
   * the limit. Default: 10,000.
   */
  readonly closeDeadlineMs?: number;
}

/**
 * Serves an importer to the Plakar process that started this one.
 *
 * @param factory - Creates the importer when the host sends Init.
 * @returns A promise that resolves when the host has gone and the importer is closed;
 * the process exits right after, with code 1 if an error was not caught meanwhile. If
 * no host started the process (for example, if it was run from a shell), it prints a
 * usage message and exits with code 2.
 *
 * @example
 * await runImporter(({ config }) => new MyImporter(config));
 */
export function runImporter(factory: ImporterFactory, options?: RunOptions): Promise<void> {
  return serve([connectorOf(importerKind, factory)], options);
}

/**
 * Serves an exporter to the Plakar process that started this one.
 *
 * @param factory - Creates the exporter when the host sends Init.
 * @returns See {@link runImporter}.
 */
export function runExporter(factory: ExporterFactory, options?: RunOptions): Promise<void> {
  return serve([connectorOf(exporterKind, factory)], options);
}

/**
 * Serves a storage to the Plakar process that started this one.
 *
 * @param factory - Creates the store when the host sends Init.
 * @returns See {@link runImporter}.
 */
export function runStorage(factory: StoreFactory, options?: RunOptions): Promise<void> {
  return serve([connectorOf(storageKind, factory)], options);
}

/**
 * Serves a secret provider to the process that started this one: Plakar's control plane, or a tool for tests.
 *
 * @param factory - Creates the secret provider when the host sends Init.
 * @returns See {@link runImporter}.
 */
export function runSecretProvider(factory: SecretProviderFactory, options?: RunOptions): Promise<void> {
  return serve([connectorOf(secretProviderKind, factory)], options);
}

/**
 * Serves an inventory to the process that started this one: Plakar's control plane, or a tool for tests.
 *
 * @param factory - Creates the inventory when the host sends Init.
 * @returns See {@link runImporter}.
 */
export function runInventory(factory: InventoryFactory, options?: RunOptions): Promise<void> {
  return serve([connectorOf(inventoryKind, factory)], options);
}

/**
 * Serves several connectors from one executable: the host's Init selects the one
 * that this process becomes. Plakar 1.0 requires a separate file for each
 * connector, so most plugins have three executables instead.
 *
 * If the generation, the transport or the server is invalid, whether it comes from
 * an option, from `--generation` or from `KLOSET_GENERATION`, `KLOSET_TRANSPORT` or
 * `KLOSET_SERVER`, the process prints one line and exits with code 2.
 *
 * @returns See {@link runImporter}.
 */
export function runPlugin(connectors: Connectors, options?: RunOptions): Promise<void> {
  return serve(connectorsOf(connectors), options);
}

/**
 * Serves a connector of {@link defineImporter} or one of its siblings to the Plakar process that started this one. The output of `console` goes to the log from now on.
 *
 * @param defined - The default export of the plugin's module.
 * @returns See {@link runImporter}.
 * @throws TypeError when `defined` was not returned by a `define…` function.
 *
 * @example
 * import notes from "./notes.js";
 * await run(notes);
 */
export async function run(defined: Defined, options?: RunOptions): Promise<void> {
  const connector = definedConnector(defined);
  logConsole(log);
  await serve([connector], options, flushLog);
}

/** Each public function passes its own kinds, so that a bundle of one connector leaves out the others. */
async function serve(
  connectors: readonly Connector[],
  options: RunOptions = {},
  afterClose: () => void = () => undefined,
): Promise<void> {
  const [generation, server] = orExit(() => {
    if (options.closeDeadlineMs !== undefined) checkDeadline("closeDeadlineMs", options.closeDeadlineMs);
    return [checkGeneration(options.generation ?? chosenGeneration()), chosenServer()] as const;
  });
  const name = connectors.map(({ kind }) => kind).join(", ");
  let plugin: Plugin | undefined;
  // The host only sees its connection end; this line gives the user the reason.
  const exitUnderHost = (code: number): void => {
    writeLine(`${name}: process.exit was called while the host was still connected; exiting with code ${code}`);
  };
  await servePlugin({
    program: { name },
    load: async () => {
      const { serveDescriptors } = await loadServer(server);
      return {
        serve: serveDescriptors,
        loadServices: async () => {
          const loaded = await loadPlugin(connectors, server, generation);
          plugin = loaded;
          return (first) => {
            process.once("exit", exitUnderHost);
            return loaded.services(first);
          };
        },
      };
    },
    onDisconnect: () => {
      process.off("exit", exitUnderHost);
      plugin?.abort();
    },
    close: async () => {
      try {
        await plugin?.close();
      } finally {
        afterClose();
      }
    },
    ...(options.transport !== undefined && { transport: options.transport }),
    ...(options.closeDeadlineMs !== undefined && { closeDeadlineMs: options.closeDeadlineMs }),
  });
}

/** Prints the error's message and exits: an uncaught error would print its stack and, in a bundle, the source line. */
function orExit<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    writeLine(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
