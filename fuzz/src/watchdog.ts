/** Waits for a promise with a time limit. @returns True if it settled in time. */
export async function settlesWithin(what: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, withinMs, false);
  });
  try {
    return await Promise.race([what.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
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
