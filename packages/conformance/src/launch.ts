import type { Duplex } from "node:stream";
import { startPlugin, type PluginExit } from "@kloset/host";

/** A running plugin. */
export interface Launched {
  /** Both directions of the connection. */
  readonly transport: Duplex;
  /** The process id; undefined if the plugin does not run in a process of its own. */
  readonly pid: number | undefined;
  /** Resolves when the plugin has ended. Never rejects. */
  readonly exited: Promise<PluginExit>;
  /** Returns the end of the plugin's log. */
  stderrText(): string;
  /** Ends the plugin's input, as a host that exits does, and waits for the exit; sends signals if it does not come. */
  stop(): Promise<PluginExit>;
  /** Kills the plugin, as a host does when its work is cancelled. */
  kill(): Promise<PluginExit>;
}

/** The parameters of a start. */
export interface LaunchRequest {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string | undefined;
}

/** Starts a plugin. */
export type Launch = (request: LaunchRequest) => Promise<Launched>;

/** How long the kit waits for a plugin to exit after its input has ended, in milliseconds. */
const EXIT_GRACE_MS = 10_000;

/** Starts a process over two pipes, as all released hosts do. */
export const launchProcess: Launch = async (request) =>
  await startPlugin({ ...request, stderr: "collect", stopGraceMs: EXIT_GRACE_MS });
