/** The longest that one of Node's timers can wait: about 25 days. It takes more for 1 millisecond. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** The units of gRPC's timeouts, in milliseconds. */
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Reads a `grpc-timeout` header, as "5S".
 *
 * @returns milliseconds; undefined when it is no timeout.
 */
export function timeoutMsOf(timeout: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(timeout);
  if (match === null) return undefined;
  const [, amount = "0", unit = ""] = match;
  return Number(amount) * (unitMs[unit] ?? 0);
}

/**
 * Whether a deadline is so far away that it may as well be none: a timer
 * can not wait so long, and Node lets it go off at once.
 *
 * @param timeout - A `grpc-timeout` header, as "99999999H".
 */
export function isFarDeadline(timeout: string): boolean {
  return (timeoutMsOf(timeout) ?? 0) > MAX_TIMER_MS;
}
