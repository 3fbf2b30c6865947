import { readFile } from "node:fs/promises";

const KiB = 1024;

/**
 * The most memory that a process has had at once, in bytes: its peak resident
 * set, as the kernel has counted it since it began. Ask while it runs.
 *
 * @throws Error where the system does not tell (anything but Linux).
 */
export async function peakMemoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Number(match[1]) * KiB;
}
