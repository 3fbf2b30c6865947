import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Scratch } from "../../fs/testing.js";
import type { Surroundings } from "./surroundings.js";

/** Namespaces in which a file system can be mounted: as a superuser, or as any user if the system allows it. */
const NAMESPACES = [
  { unshare: ["-m"], nsenter: ["-m"] },
  { unshare: ["-U", "-r", "-m"], nsenter: ["-U", "-m", "--preserve-credentials"] },
] as const;

const NEEDED =
  "this test needs a small disk, which needs unshare, nsenter and mount (util-linux) and either a superuser with " +
  "CAP_SYS_ADMIN, or user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)";

/**
 * A small file system in memory. It is mounted in its own namespace, held by a
 * process, so that it always disappears when the test ends. A program that runs in
 * {@link surroundings} finds it at {@link path}, and is a superuser there.
 */
export class SmallDisk {
  /** The path for programs in {@link surroundings}. */
  readonly path: string;
  /** The path for the test itself. */
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
   * @param options - Options of `mount -t tmpfs -o`.
   * @param type - The file system.
   * @throws Error that lists the requirements if nothing can be mounted.
   */
  static async make(scratch: Scratch, options: string, type = "tmpfs"): Promise<SmallDisk> {
    const path = join(scratch.path, "disk");
    await mkdir(path);
    const reasons: string[] = [];
    for (const { unshare, nsenter } of NAMESPACES) {
      const script = 'mount -t "$3" -o "$2" "$3" "$1" && echo mounted && exec cat';
      const holder = spawn("unshare", [...unshare, "--", "sh", "-c", script, "sh", path, options, type]);
      const reason = await failureOf(holder);
      if (reason === undefined) return new SmallDisk(path, holder, nsenter);
      reasons.push(`unshare ${unshare.join(" ")}: ${reason}`);
    }
    throw new Error(`${NEEDED}\n${reasons.join("\n")}`);
  }

  /** Mounts the file system again, with options such as "remount,ro". */
  async mount(options: string): Promise<void> {
    const [program, ...args] = [...this.surroundings.command, "mount"] as const;
    const reason = await new Promise<string | undefined>((resolve, reject) => {
      // With only a path, mount(8) would repeat the first options, which a user may not set in a namespace.
      const child = spawn(program, [...args, "-t", "tmpfs", "-o", options, "tmpfs", this.path], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.once("error", reject);
      child.once("close", (code) => {
        resolve(code === 0 ? undefined : stderr);
      });
    });
    if (reason !== undefined) throw new Error(`cannot mount ${this.path} with ${options}: ${reason}`);
  }

  async end(): Promise<void> {
    const ended = once(this.#holder, "close");
    this.#holder.stdin?.end();
    await ended;
  }
}

/** @returns The reason why the process ended, or undefined once it has mounted the file system. */
async function failureOf(holder: ChildProcess): Promise<string | undefined> {
  let stderr = "";
  holder.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return await new Promise((resolve) => {
    holder.once("error", (error) => {
      resolve(error.message);
    });
    holder.once("close", (code) => {
      resolve(stderr.trim() || `ended with ${String(code)}`);
    });
    holder.stdout?.once("data", () => {
      resolve(undefined);
    });
  });
}
