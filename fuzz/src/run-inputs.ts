import { Crashes } from "./crashes.js";
import { execute } from "./execute.js";
import type { Input } from "./input.js";
import { measureMemory, memoryFaults, type MemorySample } from "./memory.js";
import type { Target } from "./target.js";
import { turn } from "./watchdog.js";

/** What to run in one process. */
export interface Run {
  readonly target: Target;
  /** Makes input number so and so. */
  readonly inputAt: (index: number) => Input;
  readonly indices: Iterable<number>;
  /** Inputs that run at once. */
  readonly inFlight: number;
  /** Inputs between two looks at the memory. */
  readonly sampleEvery: number;
  readonly watchdogMs: number;
}

/** Told what happens. */
export interface RunEvents {
  begin(index: number): void;
  end(index: number): void;
  /** @param indices - The inputs that can be the cause: mostly one. */
  fault(text: string, indices: readonly number[]): void;
  memory(sample: MemorySample): void;
}

/** Turns of the event loop in which what an input has set off comes up at last. */
const TURNS_TO_CRASH = 20;

/** Runs inputs, several at once, and looks at the process between. */
export async function runInputs(run: Run, events: RunEvents): Promise<void> {
  const crashes = new Crashes();
  crashes.watch();
  const indices = run.indices[Symbol.iterator]();
  let first: MemorySample | undefined;
  for (;;) {
    const batch = take(indices, run.sampleEvery);
    if (batch.length === 0) return;
    await runBatch(run, events, crashes, batch);
    const sample = await measureMemory();
    events.memory(sample);
    // The first batch has loaded and compiled what there is.
    first ??= sample;
    for (const fault of memoryFaults(first, sample)) events.fault(fault, batch.slice(0, 1));
  }
}

function take(indices: Iterator<number>, count: number): number[] {
  const batch: number[] = [];
  while (batch.length < count) {
    const next = indices.next();
    if (next.done === true) break;
    batch.push(next.value);
  }
  return batch;
}

async function runBatch(run: Run, events: RunEvents, crashes: Crashes, batch: readonly number[]): Promise<void> {
  let next = 0;
  while (next < batch.length) {
    // Those that ran when a crash was seen, and those that had just ended.
    const recent: number[] = [];
    const lane = async (): Promise<void> => {
      while (next < batch.length && crashes.seen === 0) {
        const index = batch[next++];
        if (index === undefined) return;
        recent.push(index);
        if (recent.length > 4 * run.inFlight) recent.shift();
        events.begin(index);
        for (const fault of await execute(run.inputAt(index), run.target, run.watchdogMs)) events.fault(fault, [index]);
        events.end(index);
      }
    };
    await Promise.all(Array.from({ length: run.inFlight }, lane));
    await letCrash();
    const seen = crashes.take();
    if (seen.length > 0) await attribute(run, events, crashes, seen, recent);
  }
}

/** Finds the inputs that crashes came from, of those that ran: runs each again, alone. */
async function attribute(
  run: Run,
  events: RunEvents,
  crashes: Crashes,
  seen: readonly string[],
  candidates: readonly number[],
): Promise<void> {
  let found = false;
  for (const index of candidates) {
    events.begin(index);
    await execute(run.inputAt(index), run.target, run.watchdogMs);
    await letCrash();
    events.end(index);
    for (const text of new Set(crashes.take())) {
      found = true;
      events.fault(text, [index]);
    }
  }
  if (!found) for (const text of new Set(seen)) events.fault(text, candidates);
}

async function letCrash(): Promise<void> {
  for (let i = 0; i < TURNS_TO_CRASH; i++) await turn();
}
