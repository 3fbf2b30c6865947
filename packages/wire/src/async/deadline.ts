/** What Node's timers hold: a longer one would fire after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Checks how long somebody wants to wait. More than timers hold, which are 24 days,
 * means without limit, as `Infinity` does.
 *
 * @param what - Names it in errors, as "closeDeadlineMs".
 * @throws RangeError for what is no number, NaN, or negative.
 */
export function checkDeadline(what: string, ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new RangeError(
    `${what} must be milliseconds, at least 0: ${typeof ms === "string" ? JSON.stringify(ms) : String(ms)}`,
  );
}

/**
 * Starts a timer, for a deadline that {@link checkDeadline} has checked.
 *
 * @returns What `clearTimeout` takes; undefined when there is no limit: then it never comes.
 */
export function startDeadline(passed: () => void, ms: number): NodeJS.Timeout | undefined {
  return ms > LONGEST_MS ? undefined : setTimeout(passed, ms);
}
