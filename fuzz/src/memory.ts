/** What a process holds after a garbage collection, in bytes. */
export interface MemorySample {
  /** JavaScript's heap, and what hangs on it outside. */
  readonly live: number;
  /** All of the process, as the system sees it. */
  readonly rss: number;
}

const MiB = 1024 * 1024;

/** How much may be live more than after the first inputs: a hundred thousand that leave 1 KiB each leave 98 MiB. */
export const MAX_LIVE_GROWTH = 32 * MiB;

/** How much the process may grow over what it had after the first inputs: memory of native code shows only here. */
export const MAX_RSS_GROWTH = 256 * MiB;

/** @throws Error without `--expose-gc`. */
export async function measureMemory(): Promise<MemorySample> {
  if (gc === undefined) throw new Error("measuring memory takes node --expose-gc");
  // What is freed by a collection may be freed wholly only by the next.
  for (let i = 0; i < 2; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { live: heapUsed + external, rss };
}

/** What is wrong with a process that held `first` at first. */
export function memoryFaults(first: MemorySample, now: MemorySample): string[] {
  const faults: string[] = [];
  if (now.live - first.live > MAX_LIVE_GROWTH)
    faults.push(`memory: ${inMiB(first.live)} live at first, now ${inMiB(now.live)}`);
  if (now.rss - first.rss > MAX_RSS_GROWTH)
    faults.push(`memory: the process had ${inMiB(first.rss)} at first, now ${inMiB(now.rss)}`);
  return faults;
}

/** As "12 MiB". */
export function inMiB(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}
