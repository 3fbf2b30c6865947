/**
 * How the host and a plugin are joined, by platform. Nothing else in this package
 * knows about descriptors.
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
 * What a plugin finds on its descriptors.
 *
 * - `"pipes"`: two pipes on fd 0 and fd 1, as all released hosts give.
 * - `"socket"`: one socket on fd 0 for both directions, as development hosts gave; fd 1 is the host's.
 * - `"socketpairs"`: fd 0 and fd 1 are a socket each. What "pipes" becomes where
 *   there is no `mkfifo`: Node's own pipes are socket pairs (named pipes on Windows).
 */
export type ChannelKind = "pipes" | "socket" | "socketpairs";

/** What to start, and how. */
export interface SpawnRequest {
  readonly executable: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  /** For fd 2, and fd 1 of a socket plugin. */
  readonly logs: "inherit" | "pipe";
}

/** How a process ended: with a code, or by a signal. */
export interface PluginExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process, watched from its first moment. */
export interface WatchedChild {
  readonly child: ChildProcess;
  /** Rejects when the process could not be started. */
  readonly started: Promise<void>;
  /** Settles when the process has ended. Never rejects. */
  readonly exited: Promise<PluginExit>;
}

/** A process and the way to talk to it. */
export interface Spawned extends WatchedChild {
  readonly kind: ChannelKind;
  readonly duplex: ChannelDuplex;
  /** What the plugin logs, when `logs` is "pipe". */
  readonly logs: readonly Readable[];
}

/** Opens the channel and starts the process. Whether it could start, its events tell. */
export async function spawnOverPipes(request: SpawnRequest): Promise<Spawned> {
  const fifos = process.platform === "win32" ? undefined : await openFifos();
  if (fifos === undefined) return spawnOverSocketPairs(request);
  let watched: WatchedChild;
  try {
    watched = spawnChild(request, [fifos.pluginInput, fifos.pluginOutput, request.logs]);
  } catch (error) {
    await closeAll([fifos.hostInput, fifos.hostOutput]);
    throw error;
  } finally {
    // The child has its own copies. Ours would keep the end of the stream from being seen.
    await closeAll([fifos.pluginInput, fifos.pluginOutput]);
  }
  const input = new Socket({ fd: fifos.hostInput, readable: true, writable: false });
  const output = new Socket({ fd: fifos.hostOutput, readable: false, writable: true });
  return { ...watched, kind: "pipes", duplex: new ChannelDuplex(input, output), logs: logsOf(watched) };
}

/** Starts the process with one socket on its fd 0. Needs `sh`. */
export function spawnOverSocket(request: SpawnRequest): Spawned {
  // Node can make a socket for any descriptor but gives fd 0 a socket that fd 1 would have to be as well.
  const script = 'exec "$0" "$@" 0<&3 3<&-';
  const shell = { ...request, executable: "sh", args: ["-c", script, request.executable, ...request.args] };
  // Never a socket on fd 1, as "pipe" would make it: it would look like the second
  // of two. Development hosts hand down their own stdout.
  const stdout = request.logs === "inherit" ? "inherit" : "ignore";
  const watched = spawnChild(shell, ["ignore", stdout, request.logs, "pipe"]);
  const socket = watched.child.stdio[3] as Socket;
  return { ...watched, kind: "socket", duplex: new ChannelDuplex(socket, socket), logs: logsOf(watched) };
}

function spawnOverSocketPairs(request: SpawnRequest): Spawned {
  const watched = spawnChild(request, ["pipe", "pipe", request.logs]);
  const { stdin, stdout } = watched.child;
  const duplex = new ChannelDuplex(stdout as Readable, stdin as Writable);
  return { ...watched, kind: "socketpairs", duplex, logs: logsOf(watched) };
}

function spawnChild(request: SpawnRequest, stdio: StdioOptions): WatchedChild {
  const child = spawn(request.executable, [...request.args], { ...request.options, stdio });
  // Both events can come before the next await is over.
  const started = new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    // Stays: a signal that can not be sent is told here too, later.
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

/** The stream of the process' fd 2, if it is read here. */
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
 * Makes two pipes. Node has no `pipe(2)`, so these are FIFOs that lose their
 * names at once.
 *
 * @returns undefined where there is no `mkfifo`.
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
    // Opening one end of a FIFO waits for the other. With an end of both kinds open, none waits.
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
