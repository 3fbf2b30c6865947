import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import type { Duplex, Writable } from "node:stream";
import { PluginConnectionError } from "../errors.js";
import {
  spawnOverPipes,
  spawnOverSocket,
  type ChannelKind,
  type PluginExit,
  type Spawned,
  type SpawnRequest,
} from "./channel.js";
import { LogCollector } from "./logs.js";
import { settlesWithin } from "./settles-within.js";

/** What to start. */
export interface StartPluginOptions {
  /** Path of the executable, in any language. Executed directly. */
  readonly executable: string;
  readonly args?: readonly string[] | undefined;
  /** Default: the host's own environment, as hosts do. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Default: the host's own working directory (not the plugin's folder), as hosts do. */
  readonly cwd?: string | undefined;
  /** `"pipes"` (default) is what every release does; `"socket"` is what development hosts did. */
  readonly transport?: "pipes" | "socket" | undefined;
  /**
   * Where the plugin's log goes: to the host's own stderr (`"inherit"`, default),
   * nowhere but {@link PluginProcess.stderrText} (`"collect"`), or to a stream as well.
   */
  readonly stderr?: "inherit" | "collect" | Writable | undefined;
  /** Milliseconds that {@link PluginProcess.stop} waits before each harder step. Default 5,000. */
  readonly stopGraceMs?: number | undefined;
}

const DEFAULT_STOP_GRACE_MS = 5000;
/** A grandchild may hold the log open for ever. */
const LOG_END_WAIT_MS = 500;

/** A plugin that runs. */
export class PluginProcess {
  /** The process id. */
  readonly pid: number;
  /** What the plugin really got. */
  readonly channel: ChannelKind;
  /** Both directions of the connection: HTTP/2 goes here. */
  readonly transport: Duplex;
  /** Settles when the process has ended. Never rejects. */
  readonly exited: Promise<PluginExit>;
  readonly #child: Spawned["child"];
  readonly #spawned: Spawned;
  readonly #logs: LogCollector;
  readonly #graceMs: number;

  private constructor(pid: number, spawned: Spawned, logs: LogCollector, graceMs: number) {
    this.pid = pid;
    this.channel = spawned.kind;
    this.transport = spawned.duplex;
    this.exited = spawned.exited;
    this.#child = spawned.child;
    this.#spawned = spawned;
    this.#logs = logs;
    this.#graceMs = graceMs;
  }

  /** @throws PluginConnectionError when the executable can not be started. */
  static async start(options: StartPluginOptions): Promise<PluginProcess> {
    await assertExecutable(options);
    const stderr = options.stderr ?? "inherit";
    const request = {
      executable: options.executable,
      args: options.args ?? [],
      options: { env: options.env ?? process.env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) },
      logs: stderr === "inherit" ? "inherit" : "pipe",
    } as const;
    const spawned = await open(options, request);
    // A dead channel is told by the connection over it, or by the exit.
    spawned.duplex.on("error", () => undefined);
    try {
      await spawned.started;
    } catch (error) {
      spawned.duplex.destroy();
      throw startError(options.executable, error);
    }
    const logs = new LogCollector(spawned.logs, typeof stderr === "string" ? undefined : stderr);
    const graceMs = options.stopGraceMs ?? DEFAULT_STOP_GRACE_MS;
    return new PluginProcess(spawned.child.pid ?? 0, spawned, logs, graceMs);
  }

  /** @returns The end of what the plugin logged; empty when its log is inherited. */
  stderrText(): string {
    return this.#logs.text();
  }

  /**
   * Ends the plugin: ends its input, as a host that exits does; when it does not
   * exit by that, SIGTERM; then SIGKILL.
   */
  async stop(): Promise<PluginExit> {
    this.#spawned.duplex.endPluginInput();
    if (!(await this.#exitsWithin(this.#graceMs))) this.#child.kill("SIGTERM");
    if (!(await this.#exitsWithin(this.#graceMs))) this.#child.kill("SIGKILL");
    return await this.#afterExit();
  }

  /** Ends the plugin as a host does whose work is cancelled: SIGKILL. */
  async kill(): Promise<PluginExit> {
    this.#child.kill("SIGKILL");
    return await this.#afterExit();
  }

  async #afterExit(): Promise<PluginExit> {
    const exit = await this.exited;
    await this.#logs.settled(LOG_END_WAIT_MS);
    this.#spawned.duplex.destroy();
    for (const log of this.#spawned.logs) log.destroy();
    return exit;
  }

  async #exitsWithin(ms: number): Promise<boolean> {
    return await settlesWithin(this.exited, ms);
  }
}

/**
 * Starts a plugin executable as a host does.
 *
 * @throws PluginConnectionError when it can not be started.
 */
export async function startPlugin(options: StartPluginOptions): Promise<PluginProcess> {
  return await PluginProcess.start(options);
}

async function open(options: StartPluginOptions, request: SpawnRequest): Promise<Spawned> {
  try {
    return options.transport === "socket" ? spawnOverSocket(request) : await spawnOverPipes(request);
  } catch (error) {
    throw startError(options.executable, error);
  }
}

/** Names the mistake before a shell or the operating system words it in its own way. */
async function assertExecutable({ executable, cwd }: StartPluginOptions): Promise<void> {
  if (!executable.includes("/")) return;
  try {
    await access(resolve(cwd ?? ".", executable), constants.X_OK);
  } catch (error) {
    throw startError(executable, error);
  }
}

function startError(executable: string, cause: unknown): PluginConnectionError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "no such file (or its interpreter is missing)",
    EACCES: "it is not executable",
  };
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = (code === undefined ? undefined : reasons[code]) ?? message;
  return new PluginConnectionError(`can not start the plugin ${JSON.stringify(executable)}: ${reason}`, { cause });
}
