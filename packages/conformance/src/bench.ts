import { resolve } from "node:path";
import {
  openExporter,
  openImporter,
  openStorage,
  PluginConnection,
  type ConnectOptions,
  type ConnectorOptions,
  type Generation,
} from "@kloset/host";
import type { HostOptions } from "@kloset/model";
import type { Ground } from "./ground.js";
import { launchProcess, type Launched } from "./launch.js";
import { NotApplicable, type Clients } from "./rule.js";
import { usesDirectory, type ConnectorKind, type Subject } from "./subject.js";
import { Tap } from "./tap.js";

/** A plugin that runs, watched. */
export interface Process {
  readonly plugin: Launched;
  /** Both directions, with an eye on what the plugin sends. */
  readonly tap: Tap;
}

/** A plugin that runs, and the host's connection to it. */
export interface Connected extends Process {
  readonly connection: PluginConnection;
}

/** A plugin that has answered Init. */
export interface Running<Client> extends Connected {
  readonly client: Client;
}

/** What differs from one start to the next. */
export interface StartOptions extends Partial<Pick<ConnectOptions, "trace" | "userAgent">> {
  /** On top of the subject's configuration. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** What the host says of itself. Default: as the kit's own process, one call at a time. */
  readonly options?: Partial<HostOptions> | undefined;
  /** In place of the subject's location. */
  readonly location?: string | undefined;
  /** Working directory. Default: the kit's own. */
  readonly cwd?: string | undefined;
}

const openers = { importer: openImporter, exporter: openExporter, storage: openStorage } as const;

/** What a check works with: it starts the plugin as often as it likes, and ends what is left. */
export class Bench<Kind extends ConnectorKind> {
  readonly subject: Subject;
  readonly connector: Kind;
  readonly generation: Generation;
  readonly ground: Ground;
  /** Aborted when the check has used up its time. Give it to every wait that is not a call. */
  readonly signal: AbortSignal;
  /** Milliseconds the plugin has to close its descriptors and to end its children. */
  readonly graceMs: number;
  readonly #started: Process[] = [];

  constructor(
    subject: Subject,
    connector: Kind,
    generation: Generation,
    ground: Ground,
    { signal, graceMs }: Pick<Bench<Kind>, "signal" | "graceMs">,
  ) {
    this.subject = subject;
    this.connector = connector;
    this.generation = generation;
    this.ground = ground;
    this.signal = signal;
    this.graceMs = graceMs;
  }

  /** What the plugin's Init is told: the same for every start of one check. */
  get location(): string {
    return this.subject.location
      .replaceAll("{directory}", this.ground.directory)
      .replaceAll("{unique}", this.ground.unique);
  }

  /** Whether `ground.directory` is what the plugin reads or writes. */
  get seesDirectory(): boolean {
    return usesDirectory(this.subject);
  }

  /** Ends the check: this plugin can not be asked. */
  notApplicable(reason: string): never {
    throw new NotApplicable(reason);
  }

  /** Starts the plugin, and says nothing to it. */
  async startProcess({ cwd }: Pick<StartOptions, "cwd"> = {}): Promise<Process> {
    const { subject, ground } = this;
    this.signal.throwIfAborted();
    const plugin = await (subject.launch ?? launchProcess)({
      // A bare name is looked up in PATH; a path must not change its meaning with the folder.
      executable: subject.executable.includes("/") ? resolve(subject.executable) : subject.executable,
      args: subject.args ?? [],
      env: { ...process.env, ...subject.env, TMPDIR: ground.temporary },
      cwd,
    });
    const started = { plugin, tap: new Tap(plugin.transport) };
    this.#started.push(started);
    if (this.signal.aborted) {
      // Too late for what ends the others.
      await plugin.kill();
      this.signal.throwIfAborted();
    }
    return started;
  }

  /** Starts the plugin, and begins HTTP/2. */
  async connect(options: StartOptions = {}): Promise<Connected> {
    const running = await this.startProcess(options);
    const endpoint = { transport: running.tap, exited: running.plugin.exited };
    const { trace, userAgent } = options;
    const connection = await PluginConnection.open(endpoint, { generation: this.generation, trace, userAgent });
    return { ...running, connection };
  }

  /** Starts the plugin, connects, and sends Init. */
  async start(options: StartOptions = {}): Promise<Running<Clients[Kind]>> {
    const connected = await this.connect(options);
    return { ...connected, client: await this.open(connected.connection, options) };
  }

  /** Sends Init. */
  async open(connection: PluginConnection, options: StartOptions = {}): Promise<Clients[Kind]> {
    const open = openers[this.connector] as (
      connection: PluginConnection,
      options: ConnectorOptions,
    ) => Promise<Clients[Kind]>;
    return await open(connection, this.initOptions(options));
  }

  /** What Init is made from. */
  initOptions({ config, options, location }: StartOptions = {}): ConnectorOptions {
    return { location: location ?? this.location, config: { ...this.subject.config, ...config }, options };
  }

  /** The end of what every plugin of this check has logged. */
  stderrText(): string {
    return this.#started.map(({ plugin }) => plugin.stderrText()).join("");
  }

  /** The first that a plugin of this check has sent and that is no HTTP/2: see {@link Tap.garbage}. */
  get garbage(): string | undefined {
    return this.#started.find(({ tap }) => tap.garbage !== undefined)?.tap.garbage;
  }

  /** Ends what the check has left. */
  async end(): Promise<void> {
    await Promise.all(this.#started.map(({ plugin }) => plugin.kill()));
  }
}
