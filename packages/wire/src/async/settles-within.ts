import { startDeadline } from "./deadline.js";

/**
 * Waits until a promise settles, but for at most `ms` milliseconds. Never throws.
 *
 * @param ms - A delay that `checkDeadline` accepts. Over 24 days there is no limit.
 * @returns true if the promise has resolved or rejected, false if the time has passed.
 */
export async function settlesWithin(promise: PromiseLike<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = startDeadline(() => {
      resolve(false);
    }, ms);
  });
  try {
    return await Promise.race([promise.then(isSettled, isSettled), late]);
  } finally {
    clearTimeout(timer);
  }
}

function isSettled(): true {
  return true;
}
