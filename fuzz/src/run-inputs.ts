import { Crashes } from "./crashes.js";
import { execute } from "./execute.js";
import type { Input } from "./input.js";
import { measureMemory, memoryFaults, type MemorySample } from "./memory.js";
import type { Target } from "./target.js";
import { turn } from "./watchdog.js";

/** The work of one process. */
export interface Run {
  readonly target: Target;
  /** Makes the input of an index. */
  readonly inputAt: (index: number) => Input;
  readonly indices: Iterable<number>;
  /** The number of concurrent inputs. */
  readonly inFlight: number;
  /** The number of inputs between two measurements of the memory. */
  readonly sampleEvery: number;
  readonly watchdogMs: number;
}

/** Callbacks of {@link runInputs}. */
export interface RunEvents {
  begin(index: number): void;
  end(index: number): void;
  /** @param indices - The possible causes, mostly one input. */
  fault(text: string, indices: readonly number[]): void;
  memory(sample: MemorySample): void;
}

/** Turns of the event loop after which an input's late errors have surfaced. */
const TURNS_TO_CRASH = 20;

/** Runs inputs concurrently, in batches with a check of the process after each. */
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
    // By the end of the first batch all code is loaded and compiled.
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
    // The inputs running at the time of a crash, and those that had just ended.
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
    await drainEventLoop();
    const seen = crashes.take();
    if (seen.length > 0) await attribute(run, events, crashes, seen, recent);
  }
}

/** Finds the inputs that caused crashes by running each candidate again, alone. */
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
    await drainEventLoop();
    events.end(index);
    for (const text of new Set(crashes.take())) {
      found = true;
      events.fault(text, [index]);
    }
  }
  if (!found) for (const text of new Set(seen)) events.fault(text, candidates);
}

async function drainEventLoop(): Promise<void> {
  for (let i = 0; i < TURNS_TO_CRASH; i++) await turn();
}
