import { PluginConnection, startPlugin, type HostName, type PluginExit, type PluginProcess } from "@kloset/host";
import { addSecrets, masked } from "@kloset/log";
import type { CommandContext } from "../command.js";
import { describeModule } from "../describe-module.js";
import { CliError, UsageError } from "../exit-code.js";
import { launchPlugin, type LaunchedPlugin } from "../launch.js";
import { pluginLog } from "./plugin-log.js";
import { shown } from "./shown.js";
import { TraceFile } from "./trace-file.js";

/** The options that every subcommand of `kloset inspect` has. */
export interface PluginOptions {
  /** Configuration of the plugin. */
  readonly option: Readonly<Record<string, string>>;
  /** Arguments of the plugin. */
  readonly arg: readonly string[];
  /** The host to act as. */
  readonly like: HostName;
  /** Milliseconds that the plugin may take to start, and to exit. `Infinity` disables the limit. */
  readonly timeout: number;
  /** True to start the plugin under Node's debugger. */
  readonly inspectBrk?: boolean | undefined;
  /** Port of Node's debugger. */
  readonly inspectPort: number;
  /** File that receives the transcript. */
  readonly trace?: string | undefined;
  readonly json?: boolean | undefined;
}

/** A plugin that is running and connected. */
export interface Session {
  readonly connection: PluginConnection;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Time that a plugin has after Ctrl-C until it is killed, in milliseconds: its calls have then been cancelled. */
const CANCEL_GRACE_MS = 500;

/** Keys whose values are confidential in a plugin that declares none. */
const SECRET_KEY = /pass|secret|token|credential|private|auth|(?:^|[_-])(?:access|api)?[_-]?key$/i;

/** The answer of a plugin that has another kind of connector. */
const OTHER_KIND = /this plugin is (an? [a-z ]+); the host asked for /;

/** The subcommand for each kind of connector. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ["an importer", "scan"],
  ["an exporter", "export"],
  ["a storage", "store"],
  ["a secret provider", "resolve"],
  ["an inventory", "inventory"],
]);

/**
 * Starts a plugin, calls `work`, and ends the plugin. The process and its temporary files have gone when the promise
 * settles.
 *
 * @throws CliError for every failure, with secrets masked and control characters escaped.
 */
export async function withPlugin<T>(
  context: CommandContext,
  plugin: string,
  options: PluginOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const trace = options.trace === undefined ? undefined : new TraceFile(options.trace);
  try {
    return await withLaunched(context, plugin, options, (launched) =>
      withProcess(context, launched, { options, trace, work }),
    );
  } catch (error) {
    throw cliErrorOf(error);
  } finally {
    trace?.close();
  }
}

/** Prepares a plugin, calls `work`, and removes the temporary files. */
export async function withLaunched<T>(
  { signal }: Pick<CommandContext, "signal">,
  plugin: string,
  options: PluginOptions,
  work: (launched: LaunchedPlugin) => Promise<T>,
): Promise<T> {
  const debuggerAt = options.inspectBrk === true ? `127.0.0.1:${options.inspectPort}` : undefined;
  addSecrets(Object.entries(options.option).flatMap(([key, value]) => (SECRET_KEY.test(key) ? [value] : [])));
  const launched = await launchPlugin(plugin, { inspectBrk: debuggerAt });
  try {
    if (launched.module !== undefined && Object.keys(options.option).length > 0) {
      const { secrets } = await describeModule(launched.module, signal);
      addSecrets(secrets.map((key) => options.option[key] ?? ""));
    }
    return await work(launched);
  } finally {
    await launched[Symbol.asyncDispose]();
  }
}

/** Starts a prepared plugin once, calls `work`, and ends the process. */
export async function withProcess<T>(
  { terminal, signal }: Pick<CommandContext, "terminal" | "signal">,
  { executable, env }: LaunchedPlugin,
  {
    options,
    trace,
    work,
  }: {
    readonly options: PluginOptions;
    readonly trace?: TraceFile | undefined;
    readonly work: (session: Session) => Promise<T>;
  },
): Promise<T> {
  signal.throwIfAborted();
  const waitMs = options.inspectBrk === true ? Infinity : options.timeout;
  const log = pluginLog(terminal);
  const plugin = await startPlugin({ executable, args: options.arg, env, stderr: log, stopGraceMs: waitMs });
  const stopWatching = killOnAbort(plugin, signal);
  let isDone = false;
  try {
    const connection = await PluginConnection.open(plugin, {
      like: options.like,
      startTimeoutMs: waitMs,
      ...(trace !== undefined && { trace: trace.event }),
    });
    const result = await work({ connection, signal });
    isDone = true;
    assertCleanExit(await plugin.stop());
    return result;
  } finally {
    if (!isDone) await plugin.kill();
    stopWatching();
    await new Promise<void>((resolve) => {
      log.end(resolve);
    });
  }
}

/** Calls that have the signal are cancelled first. A plugin that does not end them is killed, as by Plakar's exit. */
function killOnAbort(plugin: PluginProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    timer = setTimeout(() => void plugin.kill(), CANCEL_GRACE_MS);
  };
  signal.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  };
}

function assertCleanExit({ code, signal }: PluginExit): void {
  if (code === 0) return;
  const how = signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
  throw new CliError(`the plugin ${how} after its work, expected exit code 0`);
}

/** Turns the errors of the plugin and of the host into those that `kloset` prints. */
export function cliErrorOf(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof RangeError) return new UsageError(textOf(error), { cause: error });
  const text = textOf(error);
  const command = COMMANDS.get(OTHER_KIND.exec(text)?.[1] ?? "");
  return new CliError(command === undefined ? text : `${text}: use kloset inspect ${command}`, { cause: error });
}

/** Returns the text of an error for the user. */
export function textOf(error: unknown): string {
  return shown(masked(error instanceof Error ? error.message : String(error)));
}
