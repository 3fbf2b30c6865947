import { fileURLToPath } from "node:url";
import { afterEach } from "@jest/globals";
import {
  startExporter,
  startImporter,
  startStorage,
  type ExporterClient,
  type Generation,
  type ImporterClient,
  type PluginProcess,
  type RunningConnector,
  type StartConnectorOptions,
  type StorageClient,
} from "@kloset/host";
import { ORDINARY, type Surroundings } from "./surroundings.js";

/** Both generations of the protocol. */
export const GENERATIONS = ["v1.0", "v1.1"] as const;

/** Time limit of tests that start several processes on a busy machine. */
export const TEST_TIMEOUT_MS = 180_000;

/** The output of `npm run build`. `npm test` builds first. */
const DIST = new URL("../../../dist/", import.meta.url);

/** Parameters of a connector of the package. */
export interface ConnectorChoice {
  readonly generation: Generation;
  /** Absolute. */
  readonly path: string;
  readonly surroundings?: Surroundings;
  readonly config?: Readonly<Record<string, string>>;
  readonly maxConcurrency?: number;
  /** Only v1.1 hosts send them. */
  readonly excludes?: readonly string[];
  /** A module that Node loads before the plugin. */
  readonly preload?: string;
}

const started: PluginProcess[] = [];

/** Kills the connectors that are still running after each test. */
export function endConnectorsAfterEach(): void {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((plugin) => plugin.kill()));
  });
}

/** Starts the packed importer, as a host does. */
export async function importerOf(choice: ConnectorChoice): Promise<RunningConnector<ImporterClient>> {
  return remember(await startImporter(optionsOf("importer", choice)));
}

/** Starts the packed exporter, as a host does. */
export async function exporterOf(choice: ConnectorChoice): Promise<RunningConnector<ExporterClient>> {
  return remember(await startExporter(optionsOf("exporter", choice)));
}

/** Starts the packed storage, as a host does. */
export async function storageOf(choice: ConnectorChoice): Promise<RunningConnector<StorageClient>> {
  return remember(await startStorage(optionsOf("storage", choice)));
}

function remember<T extends { readonly plugin: PluginProcess }>(running: T): T {
  started.push(running.plugin);
  return running;
}

function optionsOf(kind: string, choice: ConnectorChoice): StartConnectorOptions {
  const { generation, path, surroundings = ORDINARY, config, maxConcurrency = 1, excludes = [], preload } = choice;
  const plugin = fileURLToPath(new URL(`tsfs-${kind}.cjs`, DIST));
  const node = [process.execPath, ...(preload === undefined ? [] : ["--import", preload]), plugin] as const;
  const [executable, ...args] = [...surroundings.command, ...node] as const;
  return {
    executable,
    args,
    generation,
    location: `tsfs://${path}`,
    config,
    options: { maxConcurrency, excludes },
    stderr: "collect",
    // Long, because a busy machine is slow, and these tests must not fail by time.
    startTimeoutMs: 60_000,
    stopGraceMs: 60_000,
  };
}
