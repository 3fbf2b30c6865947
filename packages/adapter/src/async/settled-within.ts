import { startDeadline } from "@kloset/wire/async";

/**
 * Waits until a promise settles, either way, but not longer than this.
 *
 * @param ms - Checked before; beyond what timers hold there is no limit.
 */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = startDeadline(resolve, ms);
  });
  try {
    await Promise.race([promise.then(noop, noop), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function noop(): void {
  // Only that it settled matters.
}
