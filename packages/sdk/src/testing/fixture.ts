import { afterEach } from "@jest/globals";
import {
  openExporter,
  openImporter,
  openStorage,
  PluginConnection,
  startPlugin,
  type ConnectOptions,
  type ConnectorOptions,
  type ExporterClient,
  type Generation,
  type ImporterClient,
  type PluginExit,
  type PluginProcess,
  type StorageClient,
} from "@kloset/host";
import { bundled } from "@kloset/test-support";
import type { RunOptions } from "../run.js";
import { Log } from "./log.js";

/** Both generations, for tests that run in each. */
export const generations = ["v1.0", "v1.1"] as const;

/** The message of the author's errors, which has to reach the host unchanged. */
export const authorText = 'bucket "photos" does not exist: 100 % of 写真 📷\n\tis gone';

/** Options for starting a fixture. */
export interface FixtureOptions extends Partial<ConnectOptions>, Partial<ConnectorOptions> {
  /** The name of a file in `fixtures`. Default: "plugin.js". */
  readonly fixture?: string;
  /** An executable to start instead of a fixture. */
  readonly executable?: string;
  /** The options that the fixture passes to `runPlugin`. */
  readonly run?: RunOptions;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly transport?: "pipes" | "socket";
}

/** A running fixture. */
export interface RunningProcess {
  readonly plugin: PluginProcess;
  readonly log: Log;
  /** Ends the plugin's input, as a host does when it exits. */
  readonly stop: () => Promise<PluginExit>;
}

/** A running fixture and the host's connection to it. */
export interface RunningFixture extends RunningProcess {
  readonly connection: PluginConnection;
}

const started: PluginProcess[] = [];

/** Returns the path of a fixture. */
export function fixturePath(name: string): string {
  return bundled(new URL(`../../fixtures/${name}`, import.meta.url));
}

/** Kills the fixtures that a test leaves running, whether it passes or fails. */
export function endFixturesAfterEach(): void {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((plugin) => plugin.kill()));
  });
}

/** Starts a fixture over real pipes without connecting to it. */
export async function startProcess(options: FixtureOptions = {}): Promise<RunningProcess> {
  const log = new Log();
  const plugin = await startPlugin({
    executable: options.executable ?? process.execPath,
    args: [
      ...(options.executable === undefined ? [fixturePath(options.fixture ?? "plugin.js")] : []),
      ...argumentsOf(options),
    ],
    // fd 1 can be a socket here in both cases, so the transport cannot be detected.
    env: { ...process.env, ...(options.transport === "socket" && { KLOSET_TRANSPORT: "socket" }), ...options.env },
    transport: options.transport,
    stderr: log,
    // Generous, so that a busy machine does not fail a test.
    stopGraceMs: 60_000,
  });
  started.push(plugin);
  return { plugin, log, stop: () => plugin.stop() };
}

/** Starts a fixture and connects to it. */
export async function startFixture(generation: Generation, options: FixtureOptions = {}): Promise<RunningFixture> {
  const running = await startProcess(options);
  const connection = await PluginConnection.open(running.plugin, { ...options, generation, startTimeoutMs: 60_000 });
  return { ...running, connection };
}

function argumentsOf({ args = [], run }: FixtureOptions): string[] {
  return run === undefined ? [...args] : [...args, JSON.stringify(run)];
}

/** Starts the importer of a fixture. */
export function startImporter(
  generation: Generation,
  options: FixtureOptions = {},
): Promise<RunningFixture & { client: ImporterClient }> {
  return startConnector(generation, options, openImporter);
}

/** Starts the exporter of a fixture. */
export function startExporter(
  generation: Generation,
  options: FixtureOptions = {},
): Promise<RunningFixture & { client: ExporterClient }> {
  return startConnector(generation, options, openExporter);
}

/** Starts the storage of a fixture. */
export function startStorage(
  generation: Generation,
  options: FixtureOptions = {},
): Promise<RunningFixture & { client: StorageClient }> {
  return startConnector(generation, options, openStorage);
}

async function startConnector<Client>(
  generation: Generation,
  options: FixtureOptions,
  open: (connection: PluginConnection, options: ConnectorOptions) => Promise<Client>,
): Promise<RunningFixture & { client: Client }> {
  const running = await startFixture(generation, options);
  return { ...running, client: await open(running.connection, connectorOptions(options)) };
}

/** Returns the content of the Init request. */
export function connectorOptions(options: FixtureOptions = {}): ConnectorOptions {
  return {
    location: options.location ?? "faulty:///there",
    options: options.options,
    config: { text: authorText, ...options.config },
  };
}
