import { readFile } from "node:fs/promises";

const KiB = 1024;

/**
 * Returns the peak resident set size of a running process since its start, in bytes,
 * as counted by the kernel.
 *
 * @throws Error on systems other than Linux.
 */
export async function peakMemoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Number(match[1]) * KiB;
}
