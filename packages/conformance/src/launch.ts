import type { Duplex } from "node:stream";
import { startPlugin, type PluginExit } from "@kloset/host";

/** A plugin that runs. */
export interface Launched {
  /** Both directions of the connection. */
  readonly transport: Duplex;
  /** Its process id; undefined when it is no process of its own. */
  readonly pid: number | undefined;
  /** Settles when it has ended. Never rejects. */
  readonly exited: Promise<PluginExit>;
  /** @returns The end of what it has logged. */
  stderrText(): string;
  /** Ends its input, as a host that exits does, and waits for its end; harder when that does not help. */
  stop(): Promise<PluginExit>;
  /** Ends it as a host does whose work is cancelled. */
  kill(): Promise<PluginExit>;
}

/** How a plugin is started. */
export interface LaunchRequest {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string | undefined;
}

/** Starts a plugin. */
export type Launch = (request: LaunchRequest) => Promise<Launched>;

/** What the kit waits for the end of a plugin whose input has ended, in milliseconds, before it says that it does not end. */
export const EXIT_GRACE_MS = 10_000;

/** Starts a process over two pipes, as all released hosts do. */
export const launchProcess: Launch = async (request) =>
  await startPlugin({ ...request, stderr: "collect", stopGraceMs: EXIT_GRACE_MS });
