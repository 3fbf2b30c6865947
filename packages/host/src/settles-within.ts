/**
 * Waits for a promise with a time limit.
 *
 * @returns True if the promise was fulfilled within that many milliseconds.
 * @throws The reason of the promise, if it was rejected in time.
 */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
