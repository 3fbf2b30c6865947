import { setTimeout as delay } from "node:timers/promises";
import { Violation } from "./rule.js";

const STEP_MS = 20;

/** Looks again and again until something holds. @throws Violation when it does not within the time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { within, otherwise, signal }: { within: number; otherwise: () => string; signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Violation(otherwise());
    await delay(STEP_MS, undefined, { signal });
  }
}

/** Waits for an answer. @throws Violation when it does not come within the time. */
export async function answerWithin<T>(answer: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Violation(`${what} was not answered within ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
