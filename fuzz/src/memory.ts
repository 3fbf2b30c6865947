/** The memory of a process after a garbage collection, in bytes. */
export interface MemorySample {
  /** The JavaScript heap and external memory. */
  readonly live: number;
  /** The resident set of the process. */
  readonly rss: number;
}

const MiB = 1024 * 1024;

/** The allowed growth of live memory after the first inputs: a leak of 1 KiB in each of 100,000 inputs is 98 MiB. */
export const MAX_LIVE_GROWTH = 32 * MiB;

/** The allowed growth of the resident set after the first inputs: it includes memory of native code. */
export const MAX_RSS_GROWTH = 256 * MiB;

/** Measures the memory of this process. @throws Error without `--expose-gc`. */
export async function measureMemory(): Promise<MemorySample> {
  if (gc === undefined) throw new Error("measuring memory requires node --expose-gc");
  // Twice: some memory is only freed by the collection after its finalizers.
  for (let i = 0; i < 2; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { live: heapUsed + external, rss };
}

/** Returns the faults of a process that first held `first`. */
export function memoryFaults(first: MemorySample, now: MemorySample): string[] {
  const faults: string[] = [];
  if (now.live - first.live > MAX_LIVE_GROWTH)
    faults.push(`memory: ${inMiB(first.live)} live at first, now ${inMiB(now.live)}`);
  if (now.rss - first.rss > MAX_RSS_GROWTH)
    faults.push(`memory: the process had ${inMiB(first.rss)} at first, now ${inMiB(now.rss)}`);
  return faults;
}

/** Formats bytes as in "12 MiB". */
export function inMiB(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}
