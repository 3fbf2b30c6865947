import { resolve } from "node:path";
import {
  openExporter,
  openImporter,
  openInventory,
  openSecretProvider,
  openStorage,
  PluginConnection,
  type ConnectOptions,
  type ConnectorOptions,
  type Generation,
} from "@kloset/host";
import type { HostOptions } from "@kloset/model";
import type { Clients } from "./clients.js";
import { FrameMonitor } from "./frame-monitor.js";
import { launchProcess, type Launched } from "./launch.js";
import { usesDirectory, type Companion, type ConnectorKind, type Subject } from "./subject.js";
import { NotApplicable } from "./violation.js";
import type { Workspace } from "./workspace.js";

/** A running plugin, and the monitor of its connection. */
export interface StartedPlugin {
  readonly plugin: Launched;
  /** Passes both directions on, and follows the frames that the plugin sends. */
  readonly monitor: FrameMonitor;
}

/** A running plugin, and the host's HTTP/2 connection to it. */
export interface ConnectedPlugin extends StartedPlugin {
  readonly connection: PluginConnection;
}

/** A running plugin that has answered Init. */
export interface ReadyPlugin<Client> extends ConnectedPlugin {
  readonly client: Client;
}

/** Options for starting the plugin. */
export interface StartOptions extends Partial<Pick<ConnectOptions, "trace" | "userAgent" | "like">> {
  /** Added to the subject's configuration. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** The host options sent with Init. Default: those of the kit's own process, one call at a time. */
  readonly options?: Partial<HostOptions> | undefined;
  /** Replaces the subject's location. */
  readonly location?: string | undefined;
  /** The working directory. Default: the kit's own. */
  readonly cwd?: string | undefined;
}

const openers = {
  importer: openImporter,
  exporter: openExporter,
  storage: openStorage,
  secret_provider: openSecretProvider,
  inventory: openInventory,
} as const;

async function openClient<Kind extends ConnectorKind>(
  connector: Kind,
  connection: PluginConnection,
  options: ConnectorOptions,
): Promise<Clients[Kind]> {
  const open = openers[connector] as (
    connection: PluginConnection,
    options: ConnectorOptions,
  ) => Promise<Clients[Kind]>;
  return await open(connection, options);
}

/** Starts the plugin for one check, any number of times, and ends what is still running afterwards. */
export class Harness<Kind extends ConnectorKind> {
  readonly subject: Subject;
  readonly connector: Kind;
  readonly generation: Generation;
  readonly workspace: Workspace;
  /** Aborted when the check's time is over. Pass it to every wait that is not a call. */
  readonly signal: AbortSignal;
  /** How long to wait for the plugin to close unused descriptors and end its child processes, in milliseconds. */
  readonly graceMs: number;
  /** How long to wait for the answer of a call that hosts expect at once, in milliseconds. */
  readonly answerMs: number;
  readonly #started: StartedPlugin[] = [];
  readonly #companions: StartedPlugin[] = [];

  constructor(
    subject: Subject,
    connector: Kind,
    generation: Generation,
    workspace: Workspace,
    { signal, graceMs, answerMs }: Pick<Harness<Kind>, "signal" | "graceMs" | "answerMs">,
  ) {
    this.subject = subject;
    this.connector = connector;
    this.generation = generation;
    this.workspace = workspace;
    this.signal = signal;
    this.graceMs = graceMs;
    this.answerMs = answerMs;
  }

  /** The location sent with Init, the same for every start of one check. */
  get location(): string {
    return this.subject.location
      .replaceAll("{directory}", this.workspace.directory)
      .replaceAll("{unique}", this.workspace.unique);
  }

  /** True if the plugin reads from, or writes to, `workspace.directory`. */
  get seesDirectory(): boolean {
    return usesDirectory(this.subject);
  }

  /** True if the kit knows the content of an importer's source: it writes the source itself, or has it filled. */
  get knowsSource(): boolean {
    return this.seesDirectory || this.subject.seed !== undefined;
  }

  /**
   * Ends the check: the rule cannot be checked on this plugin.
   *
   * @param enable - How the user can have it checked, such as "put {directory} into the location".
   */
  notApplicable(reason: string, enable?: string): never {
    throw new NotApplicable(reason, enable);
  }

  /** Starts the plugin without sending anything. */
  async startProcess({ cwd }: Pick<StartOptions, "cwd"> = {}): Promise<StartedPlugin> {
    return await this.#launch(this.subject, this.#started, this.workspace.temporary, cwd);
  }

  /** Starts the plugin's other executable, and opens the HTTP/2 connection. */
  async connectCompanion(companion: Companion): Promise<ConnectedPlugin> {
    return await this.#connected(
      await this.#launch(companion, this.#companions, this.workspace.companionTemporary, undefined),
    );
  }

  /** Starts the plugin's other executable in the same location, and sends Init. */
  async startCompanion<Other extends ConnectorKind>(
    connector: Other,
    companion: Companion,
  ): Promise<ReadyPlugin<Clients[Other]>> {
    const connected = await this.connectCompanion(companion);
    const { location, config } = this.initOptions();
    const client = await openClient(connector, connected.connection, {
      location,
      config: companion.config ?? config,
    });
    return { ...connected, client };
  }

  async #launch(
    { executable, args = [], launch = launchProcess }: Companion,
    started: StartedPlugin[],
    temporary: string,
    cwd: string | undefined,
  ): Promise<StartedPlugin> {
    this.signal.throwIfAborted();
    const plugin = await launch({
      // A bare name is looked up in PATH; a path must not depend on the working directory.
      executable: executable.includes("/") ? resolve(executable) : executable,
      args,
      env: { ...process.env, ...this.subject.env, TMPDIR: temporary },
      cwd,
    });
    const running = { plugin, monitor: new FrameMonitor(plugin.transport) };
    started.push(running);
    if (this.signal.aborted) {
      // The check may have ended the other plugins already.
      await plugin.kill();
      this.signal.throwIfAborted();
    }
    return running;
  }

  async #connected(
    running: StartedPlugin,
    { trace, userAgent, like }: Pick<StartOptions, "trace" | "userAgent" | "like"> = {},
  ): Promise<ConnectedPlugin> {
    const endpoint = { transport: running.monitor, exited: running.plugin.exited };
    const host = { generation: this.generation, like };
    const connection = await PluginConnection.open(endpoint, { ...host, trace, userAgent });
    return { ...running, connection };
  }

  /** Starts the plugin and opens the HTTP/2 connection. */
  async connect(options: StartOptions = {}): Promise<ConnectedPlugin> {
    return await this.#connected(await this.startProcess(options), options);
  }

  /** Starts the plugin, connects, and sends Init. */
  async start(options: StartOptions = {}): Promise<ReadyPlugin<Clients[Kind]>> {
    const connected = await this.connect(options);
    return { ...connected, client: await this.open(connected.connection, options) };
  }

  /** Sends Init. */
  async open(connection: PluginConnection, options: StartOptions = {}): Promise<Clients[Kind]> {
    return await openClient(this.connector, connection, this.initOptions(options));
  }

  /** Returns the parameters of Init. */
  initOptions({ config, options, location, cwd }: StartOptions = {}): ConnectorOptions {
    return {
      location: location ?? this.location,
      config: { ...this.subject.config, ...config },
      // Hosts start plugins in their own working directory.
      options: { ...(cwd !== undefined && { cwd }), ...options },
    };
  }

  /** Returns the end of the logs of all processes that this check has started; those of the checked plugin come last. */
  stderrText(): string {
    return [...this.#companions, ...this.#started].map(({ plugin }) => plugin.stderrText()).join("");
  }

  /** The first output of a plugin of this check that is not HTTP/2: see {@link FrameMonitor.garbage}. */
  get garbage(): string | undefined {
    return garbageOf(this.#started);
  }

  /** The first output of the plugin's other executable that is not HTTP/2. */
  get companionGarbage(): string | undefined {
    return garbageOf(this.#companions);
  }

  /** Ends the input of all started processes of the checked plugin, as hosts do after a restore, and waits for the exits. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map(({ plugin }) => plugin.stop()));
  }

  /** Kills the plugins that are still running. */
  async end(): Promise<void> {
    await Promise.all([...this.#started, ...this.#companions].map(({ plugin }) => plugin.kill()));
  }
}

function garbageOf(plugins: readonly StartedPlugin[]): string | undefined {
  return plugins.find(({ monitor }) => monitor.garbage !== undefined)?.monitor.garbage;
}
