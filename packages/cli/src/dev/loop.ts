/** Options of {@link runOnChanges}. */
export interface ChangeLoopOptions {
  /**
   * Does the work once. Its signal is aborted when the sources change again or the loop ends; it is awaited even then.
   * A rejection after that is ignored, and any other ends the loop.
   */
  readonly cycle: (signal: AbortSignal) => Promise<void>;
  /** Starts to report changes, and returns a function that stops it. */
  readonly watch: (onChange: () => void) => Promise<() => Promise<void>>;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/**
 * Runs a cycle now and after each change. Cycles never overlap: a change cancels the running one, and all changes until
 * it has ended are one new cycle.
 *
 * @returns A promise that resolves when the signal is aborted and the last cycle has ended.
 */
export async function runOnChanges({ cycle, watch, signal }: ChangeLoopOptions): Promise<void> {
  let isPending = true;
  let running: AbortController | undefined;
  let wake = (): void => undefined;
  const onChange = (): void => {
    isPending = true;
    running?.abort(new Error("the sources have changed"));
    wake();
  };
  const onEnd = (): void => {
    running?.abort(signal.reason);
    wake();
  };
  signal.addEventListener("abort", onEnd);
  const unwatch = await watch(onChange);
  try {
    while (!signal.aborted) {
      if (isPending) {
        isPending = false;
        running = new AbortController();
        await runCycle(cycle, running.signal);
        running = undefined;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener("abort", onEnd);
    await unwatch();
  }
}

async function runCycle(cycle: ChangeLoopOptions["cycle"], signal: AbortSignal): Promise<void> {
  try {
    await cycle(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
