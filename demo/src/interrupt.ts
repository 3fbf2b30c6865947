import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The user has interrupted the demo. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** 128 plus the number of the signal, as in shells. */
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Aborts the work at the first Ctrl-C (SIGINT), SIGTERM or SIGHUP, so that it can
 * clean up. A second signal ends the process immediately.
 *
 * @param interrupted - Called at the first signal.
 */
export function onInterrupt(interrupted: () => void): { readonly signal: AbortSignal; readonly release: () => void } {
  const abort = new AbortController();
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    release();
    abort.abort(new Interrupted(signal as (typeof SIGNALS)[number]));
    interrupted();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return { signal: abort.signal, release };
}
