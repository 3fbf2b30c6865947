/**
 * Starts plugins with the file descriptors that each platform provides. The rest of the package does not deal with file
 * descriptors.
 */
import { execFile, spawn, type ChildProcess, type SpawnOptions, type StdioOptions } from "node:child_process";
import { close, constants, open } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Writable } from "node:stream";
import { promisify } from "node:util";
import { ChannelDuplex } from "./channel-duplex.js";

/**
 * The kind of file descriptors that a plugin inherits.
 *
 * - `"pipes"`: two pipes on fd 0 and fd 1, as from all released hosts.
 * - `"socket"`: one socket on fd 0 for both directions, as from development hosts. fd 1 is that of the host.
 * - `"socketpairs"`: one socket each on fd 0 and fd 1. Used instead of `"pipes"` where `mkfifo` is missing, because the
 *   pipes of Node are socket pairs (named pipes on Windows).
 */
export type ChannelKind = "pipes" | "socket" | "socketpairs";

/** A process to start. */
export interface SpawnRequest {
  readonly executable: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  /** Used for fd 2, and for fd 1 of a plugin with a socket. */
  readonly logs: "inherit" | "pipe";
}

/** Exit status of a process: either a code or a signal. */
export interface PluginExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Describes an exit, for example "exited with code 3" or "was ended by SIGKILL". */
export function exitText({ code, signal }: { readonly code: number | null; readonly signal: string | null }): string {
  return signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
}

/** A process whose events are observed from its start. */
interface WatchedChild {
  readonly child: ChildProcess;
  /** Resolves when the process has started. Rejects if it cannot be started. */
  readonly started: Promise<void>;
  /** Settles when the process has ended. Never rejects. */
  readonly exited: Promise<PluginExit>;
}

/** A process and the channel to it. */
export interface Spawned extends WatchedChild {
  readonly kind: ChannelKind;
  readonly duplex: ChannelDuplex;
  /** Logs of the plugin, if `logs` is "pipe". */
  readonly logs: readonly Readable[];
}

/**
 * Opens the pipes and starts the process. `started` of the result rejects if it cannot be started.
 *
 * @param platform - Windows has no FIFOs, and starts no scripts. Tests replace it.
 */
export async function spawnOverPipes(
  request: SpawnRequest,
  platform: NodeJS.Platform = process.platform,
): Promise<Spawned> {
  if (platform === "win32") return spawnOverSocketPairs(withInterpreter(request));
  const fifos = await openFifos();
  if (fifos === undefined) return spawnOverSocketPairs(request);
  let watched: WatchedChild;
  try {
    watched = spawnChild(request, [fifos.pluginInput, fifos.pluginOutput, request.logs]);
  } catch (error) {
    await closeAll([fifos.hostInput, fifos.hostOutput]);
    throw error;
  } finally {
    // The child has its own copies. While these were open, neither side would see the end of the stream.
    await closeAll([fifos.pluginInput, fifos.pluginOutput]);
  }
  const input = new Socket({ fd: fifos.hostInput, readable: true, writable: false });
  const output = new Socket({ fd: fifos.hostOutput, readable: false, writable: true });
  return { ...watched, kind: "pipes", duplex: new ChannelDuplex(input, output), logs: logsOf(watched) };
}

/** Starts the process with one socket on its fd 0. Needs `sh`. */
export function spawnOverSocket(request: SpawnRequest): Spawned {
  // Node provides a bidirectional socket on descriptors above 2 only. The shell moves it to fd 0.
  const script = 'exec "$0" "$@" 0<&3 3<&-';
  const shell = { ...request, executable: "sh", args: ["-c", script, request.executable, ...request.args] };
  // Not "pipe", which would put a socket on fd 1, like the second of two. Development hosts let the plugin inherit
  // their own stdout.
  const stdout = request.logs === "inherit" ? "inherit" : "ignore";
  const watched = spawnChild(shell, ["ignore", stdout, request.logs, "pipe"]);
  const socket = watched.child.stdio[3] as Socket;
  return { ...watched, kind: "socket", duplex: new ChannelDuplex(socket, socket), logs: logsOf(watched) };
}

/** Windows executes programs only, and Plakar packages for Windows contain nothing else. Node runs its own scripts. */
function withInterpreter(request: SpawnRequest): SpawnRequest {
  if (!/\.[cm]?js$/i.test(request.executable)) return request;
  return { ...request, executable: process.execPath, args: [request.executable, ...request.args] };
}

function spawnOverSocketPairs(request: SpawnRequest): Spawned {
  const watched = spawnChild(request, ["pipe", "pipe", request.logs]);
  const { stdin, stdout } = watched.child;
  const duplex = new ChannelDuplex(stdout as Readable, stdin as Writable);
  return { ...watched, kind: "socketpairs", duplex, logs: logsOf(watched) };
}

function spawnChild(request: SpawnRequest, stdio: StdioOptions): WatchedChild {
  const child = spawn(request.executable, [...request.args], { ...request.options, stdio });
  // Both events may be emitted before the caller's next await has resolved.
  const started = new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    // Never removed: Node also emits "error" if a signal cannot be sent later.
    child.on("error", reject);
  });
  started.catch(() => undefined);
  const exited = new Promise<PluginExit>((resolve) => {
    child.once("exit", (code, signal) => {
      resolve({ code, signal });
    });
  });
  return { child, started, exited };
}

/** Returns the stream of fd 2, unless it is inherited. */
function logsOf({ child }: WatchedChild): Readable[] {
  return child.stderr === null ? [] : [child.stderr];
}

interface Fifos {
  readonly pluginInput: number;
  readonly pluginOutput: number;
  readonly hostInput: number;
  readonly hostOutput: number;
}

/**
 * Creates two pipes. Node has no `pipe(2)`, so these are FIFOs whose names are removed at once.
 *
 * @returns undefined if `mkfifo` is missing.
 */
async function openFifos(): Promise<Fifos | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-host-"));
  const opened: number[] = [];
  const openFd = async (path: string, flags: number): Promise<number> => {
    const fd = await promisify(open)(path, flags);
    opened.push(fd);
    return fd;
  };
  try {
    const toPlugin = join(folder, "0");
    const fromPlugin = join(folder, "1");
    try {
      await promisify(execFile)("mkfifo", ["-m", "600", toPlugin, fromPlugin]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    // Opening one end of a FIFO blocks until the other is open. A descriptor opened for both prevents that.
    const held = [await openFd(toPlugin, constants.O_RDWR), await openFd(fromPlugin, constants.O_RDWR)];
    const fifos = {
      pluginInput: await openFd(toPlugin, constants.O_RDONLY),
      hostOutput: await openFd(toPlugin, constants.O_WRONLY),
      hostInput: await openFd(fromPlugin, constants.O_RDONLY),
      pluginOutput: await openFd(fromPlugin, constants.O_WRONLY),
    };
    await closeAll(held);
    return fifos;
  } catch (error) {
    await closeAll(opened);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function closeAll(descriptors: readonly number[]): Promise<void> {
  await Promise.allSettled(descriptors.map((fd) => promisify(close)(fd)));
}
