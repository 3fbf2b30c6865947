import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What Linux tells of a process. */
interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** With the id it names a process for good: ids are used again. */
  readonly started: string;
  readonly isZombie: boolean;
}

/** Finds what a plugin has started and that outlives it. */
export class Family {
  readonly #plugin: number;
  readonly #variable: string;
  #noted: readonly ProcessInfo[] = [];

  /** @param variable - What the plugin's environment has, and no other plugin's: "NAME=value". */
  constructor(plugin: number, variable: string) {
    this.#plugin = plugin;
    this.#variable = variable;
  }

  /** Notes who descends from the plugin. While it runs: then they belong to nobody. */
  async note(): Promise<void> {
    const all = await allProcesses();
    const noted = all.filter(({ pid }) => pid === this.#plugin);
    // Grows while it is gone through: children of children follow.
    for (const { pid } of noted) noted.push(...all.filter(({ parent }) => parent === pid));
    this.#noted = noted;
  }

  /**
   * @returns Who still runs, as "4711 (sleep 15)": who was noted, who is in a session that one of them
   * has opened, and who has the variable, which is inherited unless somebody takes care that it is not.
   */
  async left(): Promise<string[]> {
    const all = (await allProcesses()).filter(({ isZombie }) => !isZombie);
    const found = await Promise.all(
      all.map(async (each) => ((await this.#isOne(each)) ? [`${each.pid} (${await commandOf(each.pid)})`] : [])),
    );
    return found.flat();
  }

  async #isOne({ pid, session, started }: ProcessInfo): Promise<boolean> {
    if (this.#noted.some((each) => each.pid === pid && each.started === started)) return true;
    // A session has the id of the process that opened it; the plugin's own may be the kit's.
    if (this.#noted.some((each) => each.pid === session && each.session === session)) return true;
    return (await textOf(pid, "environ")).split("\0").includes(this.#variable);
  }
}

async function allProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(processInfo))).flat();
}

async function processInfo(pid: number): Promise<ProcessInfo[]> {
  const stat = await textOf(pid, "stat");
  // The name, in parentheses, may hold anything.
  const [state = "", parent = "", , session = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (session === "") return [];
  // The 22nd of proc(5).
  const started = rest[15] ?? "";
  return [{ pid, parent: Number(parent), session: Number(session), started, isZombie: state === "Z" }];
}

async function commandOf(pid: number): Promise<string> {
  return (await textOf(pid, "cmdline")).split("\0").join(" ").trim();
}

/** @returns What a file of a process says; empty when it has gone, or is not ours to read. */
async function textOf(pid: number, name: string): Promise<string> {
  try {
    return await readFile(join("/proc", String(pid), name), "utf8");
  } catch {
    return "";
  }
}
