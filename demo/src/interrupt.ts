import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The user has ended the demo. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** As shells count: 128 and the number of the signal. */
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Aborts the work at the first Ctrl-C (or SIGTERM, or SIGHUP), so that it can
 * clean up. A second one ends the process at once.
 *
 * @param told - Called at the first one.
 */
export function onInterrupt(told: () => void): { readonly signal: AbortSignal; readonly release: () => void } {
  const abort = new AbortController();
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    release();
    abort.abort(new Interrupted(signal as (typeof SIGNALS)[number]));
    told();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return { signal: abort.signal, release };
}
