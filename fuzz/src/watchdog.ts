/**
 * Waits for what must happen, but not for ever.
 *
 * @returns Whether it happened.
 */
export async function happens(what: Promise<unknown>, withinMs: number): Promise<boolean> {
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

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Turns without any change after which nothing is under way any more. */
const QUIET_TURNS = 8;
/** Turns after which nobody waits any longer: the input is fuzz, not a test that must see an answer. */
const MOST_TURNS = 300;

/** Lets things happen until nothing changes any more. */
export async function quiet(state: () => number): Promise<void> {
  let before = state();
  for (let calm = 0, all = 0; calm < QUIET_TURNS && all < MOST_TURNS; all++) {
    await turn();
    const now = state();
    calm = now === before ? calm + 1 : 0;
    before = now;
  }
}
