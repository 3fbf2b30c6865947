/** The longest that one of Node's timers can wait: about 25 days. It takes more for 1 millisecond. */
const maxTimerMs = 0x7fff_ffff;

/** The units of gRPC's timeouts, in milliseconds. */
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Whether a `grpc-timeout` header is one. */
export function isTimeout(timeout: string): boolean {
  return /^\d{1,8}[HMSmun]$/.test(timeout);
}

/**
 * Reads a `grpc-timeout` header, as "5S".
 *
 * @returns milliseconds; undefined when there is none, when it is no timeout, or
 *   when it is so far away that it may as well be none: a timer can not wait so long.
 */
export function timeoutMsOf(timeout: string | undefined): number | undefined {
  const match = timeout === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(timeout);
  if (match === null) return undefined;
  const [, amount = "0", unit = ""] = match;
  const ms = Number(amount) * (unitMs[unit] ?? 0);
  return ms > maxTimerMs ? undefined : ms;
}
