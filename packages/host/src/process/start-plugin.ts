import type { Duplex, Writable } from "node:stream";
import { settlesWithin } from "@kloset/wire/async";
import {
  spawnOverPipes,
  spawnOverSocket,
  type ChannelKind,
  type PluginExit,
  type Spawned,
  type SpawnRequest,
} from "./channel.js";
import { assertExecutable, explained } from "./executable.js";
import { LogCollector } from "./logs.js";

/** Options of {@link startPlugin}. */
export interface StartPluginOptions {
  /** Path of the executable, in any language. Executed without a shell. On Windows, Node runs `.js`, `.cjs` and `.mjs`. */
  readonly executable: string;
  readonly args?: readonly string[] | undefined;
  /** Environment. Default: that of the host, as in Plakar. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Working directory. Default: that of the host (not the plugin's directory), as in Plakar. */
  readonly cwd?: string | undefined;
  /** `"pipes"` (default), as in every release, or `"socket"`, as in development versions of the host. */
  readonly transport?: "pipes" | "socket" | undefined;
  /**
   * Destination of the plugin's log: the host's stderr (`"inherit"`, default), {@link PluginProcess.stderrText} only
   * (`"collect"`), or {@link PluginProcess.stderrText} and a stream.
   */
  readonly stderr?: "inherit" | "collect" | Writable | undefined;
  /** Milliseconds that {@link PluginProcess.stop} waits before SIGTERM, and again before SIGKILL. Default 5,000. */
  readonly stopGraceMs?: number | undefined;
}

const DEFAULT_STOP_GRACE_MS = 5000;
/** A process that the plugin started may keep the log open indefinitely. */
const LOG_END_WAIT_MS = 500;

/** A running plugin. */
export class PluginProcess {
  /** Process id. */
  readonly pid: number;
  /** Kind of file descriptors that the plugin has inherited. */
  readonly channel: ChannelKind;
  /** Transport of the HTTP/2 connection. */
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

  /**
   * Starts a process.
   *
   * @throws TypeError if `executable` is missing.
   * @throws PluginConnectionError if it cannot be started.
   */
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
    // Intentionally empty: the connection over the channel, or the exit status, reports the failure.
    spawned.duplex.on("error", () => undefined);
    try {
      await spawned.started;
    } catch (error) {
      spawned.duplex.destroy();
      throw await explained(options, error);
    }
    const logs = new LogCollector(spawned.logs, typeof stderr === "string" ? undefined : stderr);
    const graceMs = options.stopGraceMs ?? DEFAULT_STOP_GRACE_MS;
    return new PluginProcess(spawned.child.pid ?? 0, spawned, logs, graceMs);
  }

  /** Returns the end of the plugin's log, at most 256 KiB. Empty if the log is inherited. */
  stderrText(): string {
    return this.#logs.text();
  }

  /**
   * Ends the plugin. Closes its input, as a host does when it exits. If the plugin keeps running, sends SIGTERM, then
   * SIGKILL: see {@link StartPluginOptions.stopGraceMs}.
   *
   * @returns The exit status. A conforming plugin exits with code 0: check that, because nothing else reports a failure
   * after the last call.
   */
  async stop(): Promise<PluginExit> {
    this.#spawned.duplex.endPluginInput();
    if (!(await this.#exitsWithin(this.#graceMs))) this.#child.kill("SIGTERM");
    if (!(await this.#exitsWithin(this.#graceMs))) this.#child.kill("SIGKILL");
    return await this.#afterExit();
  }

  /** Sends SIGKILL, as a host does when its work is cancelled. */
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
 * @throws TypeError if `executable` is missing.
 * @throws PluginConnectionError if it cannot be started.
 */
export async function startPlugin(options: StartPluginOptions): Promise<PluginProcess> {
  return await PluginProcess.start(options);
}

async function open(options: StartPluginOptions, request: SpawnRequest): Promise<Spawned> {
  try {
    return options.transport === "socket" ? spawnOverSocket(request) : await spawnOverPipes(request);
  } catch (error) {
    throw await explained(options, error);
  }
}
