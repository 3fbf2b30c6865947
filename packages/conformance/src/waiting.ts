import { setTimeout as delay } from "node:timers/promises";
import { Violation } from "./violation.js";

const STEP_MS = 20;

/** A wait for a condition. */
export interface Wait {
  /** Milliseconds until the condition must hold. */
  readonly within: number;
  /** Returns the message of the violation. */
  readonly otherwise: () => string;
  readonly signal: AbortSignal;
}

type Condition = () => boolean | Promise<boolean>;

/** Polls until a condition holds. @throws Violation when it does not hold in time. */
export async function until(holds: Condition, wait: Wait): Promise<void> {
  await steadily(holds, { ...wait, times: 1 });
}

/**
 * Polls until a condition holds several times in a row. The number of readings counts, not the time between them: a
 * machine that stalls must not make one reading look like many.
 *
 * @throws Violation when the condition does not hold once the time is over.
 */
export async function steadily(
  holds: Condition,
  { within, otherwise, signal, times }: Wait & { readonly times: number },
): Promise<void> {
  const deadline = performance.now() + within;
  let inARow = 0;
  for (;;) {
    inARow = (await holds()) ? inARow + 1 : 0;
    if (inARow >= times) return;
    if (inARow === 0 && performance.now() > deadline) throw new Violation(otherwise());
    await delay(STEP_MS, undefined, { signal });
  }
}

/** Awaits an answer. @throws Violation when it does not arrive in time. */
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
