import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Scratch } from "../../fs/testing.js";
import type { Surroundings } from "./surroundings.js";

/** Ways to mount something: as a superuser, and as everybody else where the system lets him. */
const WAYS = [
  { unshare: ["-m"], nsenter: ["-m"] },
  { unshare: ["-U", "-r", "-m"], nsenter: ["-U", "-m", "--preserve-credentials"] },
] as const;

const NEEDED =
  "this test needs a small disk, which needs unshare, nsenter and mount (util-linux) and either a superuser with " +
  "CAP_SYS_ADMIN, or user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)";

/**
 * A file system in memory with little room. It is mounted in a namespace of its
 * own, that a process holds: when the test ends, however it ends, all is gone.
 * What runs in {@link surroundings} finds it at {@link path}, and is a superuser there.
 */
export class SmallDisk {
  /** Where plugins find it. */
  readonly path: string;
  /** The same, for the test itself. */
  readonly view: string;
  readonly surroundings: Surroundings;
  readonly #holder: ChildProcess;

  private constructor(path: string, holder: ChildProcess, nsenter: readonly string[]) {
    const pid = String(holder.pid);
    this.path = path;
    this.view = `/proc/${pid}/root${path}`;
    this.surroundings = { command: ["nsenter", "-t", pid, ...nsenter, "--"] };
    this.#holder = holder;
  }

  /**
   * @param options - As for `mount -t tmpfs -o`.
   * @throws Error that says what is missing, where nothing can be mounted.
   */
  static async make(scratch: Scratch, options: string): Promise<SmallDisk> {
    const path = join(scratch.path, "disk");
    await mkdir(path);
    const reasons: string[] = [];
    for (const way of WAYS) {
      const script = 'mount -t tmpfs -o "$2" tmpfs "$1" && echo mounted && exec cat';
      const holder = spawn("unshare", [...way.unshare, "--", "sh", "-c", script, "sh", path, options]);
      const reason = await failureOf(holder);
      if (reason === undefined) return new SmallDisk(path, holder, way.nsenter);
      reasons.push(`unshare ${way.unshare.join(" ")}: ${reason}`);
    }
    throw new Error(`${NEEDED}\n${reasons.join("\n")}`);
  }

  /** Mounts it again, as "remount,ro". */
  async mount(options: string): Promise<void> {
    const [program, ...args] = [...this.surroundings.command, "mount"] as const;
    const reason = await new Promise<string | undefined>((resolve, reject) => {
      // In full: with the path alone mount(8) repeats the options of the first time, which are not the user's in a namespace.
      const child = spawn(program, [...args, "-t", "tmpfs", "-o", options, "tmpfs", this.path], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let complaint = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
      child.once("error", reject);
      child.once("close", (code) => {
        resolve(code === 0 ? undefined : complaint);
      });
    });
    if (reason !== undefined) throw new Error(`can not mount ${this.path} with ${options}: ${reason}`);
  }

  async end(): Promise<void> {
    const ended = once(this.#holder, "close");
    this.#holder.stdin?.end();
    await ended;
  }
}

/** @returns Why it ended; undefined once it has mounted. */
async function failureOf(holder: ChildProcess): Promise<string | undefined> {
  let complaint = "";
  holder.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  return await new Promise((resolve) => {
    holder.once("error", (error) => {
      resolve(error.message);
    });
    holder.once("close", (code) => {
      resolve(complaint.trim() || `ended with ${String(code)}`);
    });
    holder.stdout?.once("data", () => {
      resolve(undefined);
    });
  });
}
