import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Options of {@link spawnHelper}. */
export interface SpawnHelperOptions {
  /** Working directory. Default: that of the plugin. */
  readonly cwd?: string | undefined;
  /** The whole environment of the process. Default: that of the plugin. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Kills the process when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A process that {@link spawnHelper} has started. */
export interface HelperProcess {
  /** Undefined if the process could not be started. */
  readonly pid: number | undefined;
  /** Input of the process. End it, or the process may wait for more. */
  readonly stdin: Writable;
  /**
   * Output of the process. It ends when the process has exited with code 0, and is destroyed with the error of
   * {@link HelperProcess.ended} otherwise, so that a crash cannot pass for the end of the content. Read it: a process
   * whose output is not read waits for ever. Destroying it kills the process.
   */
  readonly stdout: Readable;
  /**
   * Resolves when the process has exited with code 0. Rejects if it could not be started, exits with another code, or
   * is killed; it may be left unhandled.
   */
  readonly ended: Promise<void>;
  /**
   * Sends a signal to the process and to the processes that it has started. Does nothing after it has exited.
   *
   * @param signal - Default: SIGTERM.
   */
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Becomes the command, after it has started a watcher. The watcher waits for the end of fd 3, whose other end only the
 * plugin holds: however the plugin ends, the system closes it. A line means that the command has exited, and that its
 * process id may belong to another process by now.
 *
 * The watcher is a grandchild, because the command does not expect a child. `$$` is the process id of the command, and
 * that of its process group.
 */
const WATCHED = `( ( read -r _ || kill -s KILL -- -$$ ) <&3 3<&- >/dev/null 2>&1 & )
exec 3<&-
exec "$@"`;

/**
 * Starts a program that helps the plugin, such as `ssh` or `pg_dump`. Its input and output are pipes to the plugin, so
 * that it cannot touch the connection to the host; what it writes to stderr goes to the plugin's log.
 *
 * The process is killed with SIGKILL, together with the processes that it has started, when the plugin ends, even if
 * the plugin is itself killed with SIGKILL. A process that needs to finish its work must be awaited in `close()`. Not
 * killed are processes that moved to another process group (daemons), and those left behind by a helper that has
 * exited.
 *
 * The program is found in `PATH` and its arguments are passed unchanged, but `/bin/sh` starts it: if it does not exist,
 * the shell logs that and the exit code is 127. It has no controlling terminal, so it cannot prompt for a password.
 *
 * @example
 * read: (signal) => spawnHelper("pg_dump", ["--format=custom", database], { signal }).stdout
 * @throws The signal's reason if it has been aborted before; TypeError if the command is empty.
 */
export function spawnHelper(
  command: string,
  args: readonly string[] = [],
  { cwd, env, signal }: SpawnHelperOptions = {},
): HelperProcess {
  if (command === "") throw new TypeError("spawnHelper(): the command is empty");
  signal?.throwIfAborted();
  // Loaded on demand: most plugins start no process.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn("/bin/sh", ["-c", WATCHED, "sh", command, ...args], {
    stdio: ["pipe", "pipe", 2, "pipe"],
    // A process group of its own.
    detached: true,
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
  }) as ChildProcessByStdio<Writable, Readable, null>;
  return watch(child, command, signal);
}

function watch(
  child: ChildProcessByStdio<Writable, Readable, null>,
  command: string,
  signal: AbortSignal | undefined,
): HelperProcess {
  const { pid } = child;
  const lifeline = child.stdio[3] as unknown as Writable;
  let hasEnded = false;
  const kill = (name: NodeJS.Signals = "SIGTERM"): void => {
    if (hasEnded || pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // The process has exited, which is about to be reported.
    }
  };
  const abort = (): void => {
    kill("SIGKILL");
  };
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (error) => {
      hasEnded = true;
      reject(new Error(`${command}: cannot be started: ${error.message}`, { cause: error }));
    });
    child.once("exit", (code, by) => {
      hasEnded = true;
      lifeline.end("\n");
      if (code === 0) resolve();
      else if (signal?.aborted === true) reject(reasonOf(signal));
      else
        reject(
          new Error(`${command}: ${code === null ? `killed by ${by ?? "a signal"}` : `exited with code ${code}`}`),
        );
    });
  }).finally(() => {
    signal?.removeEventListener("abort", abort);
  });
  ended.catch(ignore);
  signal?.addEventListener("abort", abort, { once: true });
  // The exit code reports a process that no longer reads. Without a listener, the error would end the plugin.
  for (const stream of [child.stdin, lifeline]) (stream as Writable | null)?.on("error", ignore);
  return { pid, stdin: child.stdin, stdout: outputOf(child.stdout, ended, abort), ended, kill };
}

/** Passes on the output, and its end only after the process has succeeded. */
function outputOf(source: Readable, ended: Promise<void>, abort: () => void): Readable {
  const output = new (process.getBuiltinModule("node:stream").Readable)({
    read: () => void source.resume(),
    destroy(error, callback) {
      abort();
      source.destroy();
      callback(error);
    },
  });
  source.on("data", (chunk) => {
    if (!output.push(chunk)) source.pause();
  });
  source.on("error", (error) => output.destroy(error));
  source.on("end", () => {
    ended.then(() => output.push(null), ignore);
  });
  ended.catch((error: unknown) => output.destroy(error as Error));
  // Authors who only wait for `ended` do not listen.
  return output.on("error", ignore);
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

function ignore(): void {
  // Intentionally empty.
}
