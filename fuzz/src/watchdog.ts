import { settlesWithin as settled } from "@kloset/wire/async";

/** Waits for a promise with a time limit. @returns True if it resolved in time. @throws Its reason if it rejected. */
export async function settlesWithin(what: Promise<unknown>, withinMs: number): Promise<boolean> {
  if (!(await settled(what, withinMs))) return false;
  await what;
  return true;
}

/** Waits for one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Turns without any change after which the plugin counts as idle. */
const QUIET_TURNS = 8;
/** The most turns to wait: a fuzz input need not see an answer. */
const MOST_TURNS = 300;

/** Waits until the state no longer changes. */
export async function quiet(state: () => number): Promise<void> {
  let before = state();
  for (let calm = 0, all = 0; calm < QUIET_TURNS && all < MOST_TURNS; all++) {
    await turn();
    const now = state();
    calm = now === before ? calm + 1 : 0;
    before = now;
  }
}
