import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";

/** Everything that `kloset doctor` looks at. Tests replace it. */
export interface Environment {
  /** Absolute path of the project. */
  readonly folder: string;
  /** Version of Node, without `v`. */
  readonly node: string;
  readonly platform: NodeJS.Platform;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Version of the running `kloset`. */
  readonly ownVersion: string;
  /** Returns the text of a file, or undefined if it does not exist. */
  readonly readText: (path: string) => Promise<string | undefined>;
  /** Returns the names in a folder. Empty if it does not exist. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  /** Returns the permission bits of a file, or undefined if it does not exist. */
  readonly mode: (path: string) => Promise<number | undefined>;
  /** Returns what a command prints, also if it fails. Undefined if it is not on PATH. */
  readonly run: (command: string, args: readonly string[]) => Promise<string | undefined>;
}

/** A command such as `plakar version` answers at once. A Plakar that hangs must not hang `kloset doctor`. */
const COMMAND_TIMEOUT_MS = 20_000;

/** Returns the environment of this process. */
export function systemEnvironment(folder: string, ownVersion: string, signal: AbortSignal): Environment {
  return {
    folder: resolve(folder),
    node: process.versions.node,
    platform: process.platform,
    variables: process.env,
    ownVersion,
    readText: async (path) => await unlessMissing(readFile(path, "utf8")),
    list: async (path) => (await unlessMissing(readdir(path))) ?? [],
    mode: async (path) => (await unlessMissing(stat(path)))?.mode,
    run: async (command, args) => await outputOf(command, args, signal),
  };
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

async function outputOf(command: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  // On Windows, npm is a .cmd file, which only a shell starts. The arguments are constants.
  const options = { signal, timeout: COMMAND_TIMEOUT_MS, shell: process.platform === "win32" };
  return await new Promise((resolvePromise, reject) => {
    execFile(command, args, options, (failure, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (failure?.code === "ENOENT") resolvePromise(undefined);
      else resolvePromise(stdout + stderr);
    });
  });
}
