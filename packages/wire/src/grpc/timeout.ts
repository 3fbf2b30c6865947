/** The longest delay of Node's timers: about 25 days. A longer one would fire after 1 ms. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** The units of `grpc-timeout`, in milliseconds. */
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Parses a `grpc-timeout` header, for example "5S".
 *
 * @returns The timeout in milliseconds; undefined if the header is invalid.
 */
export function timeoutMsOf(timeout: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(timeout);
  if (match === null) return undefined;
  const [, amount = "0", unit = ""] = match;
  return Number(amount) * (unitMs[unit] ?? 0);
}

/**
 * Returns true for a deadline beyond the longest delay of a timer, about 25 days. Treat it as no deadline: Node would
 * fire the timer at once.
 *
 * @param timeout - A `grpc-timeout` header, for example "99999999H".
 */
export function isFarDeadline(timeout: string): boolean {
  return (timeoutMsOf(timeout) ?? 0) > MAX_TIMER_MS;
}
