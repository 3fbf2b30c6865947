import { writeSync } from "node:fs";
import { checkGeneration, chosenGeneration, type Generation } from "@kloset/adapter";
import { servePlugin } from "@kloset/process";
import { checkDeadline } from "@kloset/wire/async";
import type { ExporterFactory } from "@kloset/exporter";
import type { ImporterFactory } from "@kloset/importer";
import type { StoreFactory } from "@kloset/storage";
import { connectorOf, connectorsOf, type Connector, type Connectors } from "./connectors.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import { storageKind } from "./kinds/storage.js";
import { loadPlugin, type Plugin } from "./plugin.js";
import { chosenServer, loadServer } from "./server.js";

/** What a plugin may decide about its connection. Nothing needs to be. */
export interface RunOptions {
  /**
   * Serves this wire generation only, in place of looking at the host. Default:
   * the argument `--generation`, the environment variable `KLOSET_GENERATION`,
   * or what the host looks like, in that order.
   */
  readonly generation?: Generation;
  /**
   * Where the connection is: on two pipes, fd 0 and fd 1, or on one socket, fd 0.
   * Default: the environment variable `KLOSET_TRANSPORT`, or what is there.
   */
  readonly transport?: "pipes" | "socket";
  /**
   * How long the connector may take to close after the host has gone, in
   * milliseconds, running calls included; then the process says so and exits 1.
   * Default: 10,000. More than 24 days, as `Infinity`, are no limit.
   */
  readonly closeDeadlineMs?: number;
}

/**
 * Serves an importer to the Plakar that started this process.
 *
 * @param factory - Makes the importer, when the host sends Init.
 * @returns Settles when the host has gone and the importer is closed; then the
 * process exits. Started by hand in a shell, the process says so and exits 2.
 *
 * @example
 * await runImporter(({ config }) => new MyImporter(config));
 */
export function runImporter(factory: ImporterFactory, options?: RunOptions): Promise<void> {
  return run([connectorOf(importerKind, factory)], options);
}

/**
 * Serves an exporter to the Plakar that started this process.
 *
 * @param factory - Makes the exporter, when the host sends Init.
 * @returns As {@link runImporter}.
 */
export function runExporter(factory: ExporterFactory, options?: RunOptions): Promise<void> {
  return run([connectorOf(exporterKind, factory)], options);
}

/**
 * Serves a storage to the Plakar that started this process.
 *
 * @param factory - Makes the store, when the host sends Init.
 * @returns As {@link runImporter}.
 */
export function runStorage(factory: StoreFactory, options?: RunOptions): Promise<void> {
  return run([connectorOf(storageKind, factory)], options);
}

/**
 * Serves several connectors by one executable: the host's Init tells which one
 * this process is. Plakar 1.0 needs a file of its own for each connector, so most
 * plugins have three executables.
 *
 * @returns As {@link runImporter}. When `KLOSET_GENERATION`, `--generation` or the option is
 * no generation, `KLOSET_TRANSPORT` or the option no transport, or `KLOSET_SERVER` no server,
 * the process says so in a line and exits 2.
 */
export function runPlugin(connectors: Connectors, options?: RunOptions): Promise<void> {
  return run(connectorsOf(connectors), options);
}

/** What all of them do. Each names its kinds itself, so that a bundle holds no other. */
async function run(connectors: readonly Connector[], options: RunOptions = {}): Promise<void> {
  const [generation, server] = orExit(() => {
    if (options.closeDeadlineMs !== undefined) checkDeadline("closeDeadlineMs", options.closeDeadlineMs);
    return [checkGeneration(options.generation ?? chosenGeneration()), chosenServer()] as const;
  });
  const name = connectors.map(({ kind }) => kind).join(", ");
  let plugin: Plugin | undefined;
  // A host only sees its connection end: the user should learn why.
  const exitUnderHost = (code: number): void => {
    tell(`${name}: the process exits with code ${code} while the host is still there: something called process.exit`);
  };
  await servePlugin({
    program: { name },
    load: async () => {
      const loadedServer = await loadServer(server);
      return {
        serve: loadedServer.serveDescriptors,
        loadServices: async () => {
          const loaded = await loadPlugin(connectors, loadedServer, generation);
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
    close: () => plugin?.close(),
    ...(options.transport !== undefined && { transport: options.transport }),
    ...(options.closeDeadlineMs !== undefined && { closeDeadlineMs: options.closeDeadlineMs }),
  });
}

/** A line: thrown, it would come with a stack, and in a bundle with all of its code. */
function orExit<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

/** At once: a process that exits waits for no stream. */
function tell(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads the log, or it is full.
  }
}
