import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A process, as listed in /proc. */
interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** The start time. It tells processes apart that have the same id, one after the other. */
  readonly started: string;
  readonly isZombie: boolean;
}

/** Finds the processes that a plugin has started and that outlive it. */
export class Descendants {
  readonly #plugin: number;
  readonly #variable: string;
  #recorded: readonly ProcessInfo[] = [];

  /** @param variable - A variable that only this plugin's environment has: "NAME=value". */
  constructor(plugin: number, variable: string) {
    this.#plugin = plugin;
    this.#variable = variable;
  }

  /** Records the plugin's descendants. Must be called while it runs: afterwards they have another parent. */
  async record(): Promise<void> {
    const all = await allProcesses();
    const recorded = all.filter(({ pid }) => pid === this.#plugin);
    // The list grows while it is iterated, to include children of children.
    for (const { pid } of recorded) recorded.push(...all.filter(({ parent }) => parent === pid));
    this.#recorded = recorded;
  }

  /**
   * Returns the processes that still run, as "4711 (sleep 15)": the recorded ones, those in a session that one of them
   * has opened, and those that have inherited the variable.
   */
  async left(): Promise<string[]> {
    const all = (await allProcesses()).filter(({ isZombie }) => !isZombie);
    const found = await Promise.all(
      all.map(async (each) => ((await this.#isDescendant(each)) ? [`${each.pid} (${await commandOf(each.pid)})`] : [])),
    );
    return found.flat();
  }

  async #isDescendant({ pid, session, started }: ProcessInfo): Promise<boolean> {
    if (this.#recorded.some((each) => each.pid === pid && each.started === started)) return true;
    // A session has the id of its leader. The plugin's own session may be the kit's.
    if (this.#recorded.some((each) => each.pid === session && each.session === session)) return true;
    return (await textOf(pid, "environ")).split("\0").includes(this.#variable);
  }
}

async function allProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(processInfo))).flat();
}

async function processInfo(pid: number): Promise<ProcessInfo[]> {
  const stat = await textOf(pid, "stat");
  // The name, in parentheses, may contain any character.
  const [state = "", parent = "", , session = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (session === "") return [];
  // Field 22 of proc(5).
  const started = rest[15] ?? "";
  return [{ pid, parent: Number(parent), session: Number(session), started, isZombie: state === "Z" }];
}

async function commandOf(pid: number): Promise<string> {
  return (await textOf(pid, "cmdline")).split("\0").join(" ").trim();
}

/** Returns the content of a file in /proc; empty if the process is gone, or belongs to another user. */
async function textOf(pid: number, name: string): Promise<string> {
  try {
    return await readFile(join("/proc", String(pid), name), "utf8");
  } catch {
    return "";
  }
}
