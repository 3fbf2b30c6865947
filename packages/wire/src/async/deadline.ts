/** The longest delay of Node's timers: a longer one would fire after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Checks a deadline in milliseconds, and returns it. `Infinity`, or anything over 24 days (the longest delay of a
 * timer), means no limit.
 *
 * @param what - The name of the option in errors, for example "closeDeadlineMs".
 * @throws RangeError for NaN, a negative number, or a value that is not a number.
 */
export function checkDeadline(what: string, ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new RangeError(
    `${what} must be milliseconds, at least 0: ${typeof ms === "string" ? JSON.stringify(ms) : String(ms)}`,
  );
}

/**
 * Starts a timer for a deadline that {@link checkDeadline} has checked.
 *
 * @param passed - Called when the deadline has passed.
 * @returns The timer; undefined if there is no limit, in which case `passed` is never called.
 */
export function startDeadline(passed: () => void, ms: number): NodeJS.Timeout | undefined {
  return ms > LONGEST_MS ? undefined : setTimeout(passed, ms);
}
