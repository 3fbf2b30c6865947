/** True if `utimes` keeps nanoseconds: libuv does since 1.52 (Node 24), and truncated to microseconds before. */
export const keepsNanoseconds = isAtLeast(process.versions.uv, 1, 52);

/**
 * Makes the argument for `utimes` and `lutimes` that sets a time as precisely as
 * Node allows: within 1 µs, rounded down as in Go's exporter; within 250 ns (the
 * precision of a double in seconds) if libuv keeps nanoseconds.
 *
 * Returns a string, not a number, because Node takes a negative number as "now" but
 * passes strings of digits on. And because a number of seconds is rarely an exact
 * microsecond, a libuv that truncates would lose a microsecond half of the time: for
 * it, the string aims at the middle of the microsecond, away from zero, because
 * truncation goes towards zero.
 *
 * @param nanoseconds - Nanoseconds since 1970, may be negative.
 */
export function utimesArgument(nanoseconds: bigint, precise = keepsNanoseconds): string {
  if (precise) return decimalSeconds(nanoseconds < 0n, nanoseconds < 0n ? -nanoseconds : nanoseconds, 9);
  let microseconds = nanoseconds / 1000n;
  if (nanoseconds < 0n && nanoseconds % 1000n !== 0n) microseconds -= 1n;
  const negative = microseconds < 0n;
  return decimalSeconds(negative, (negative ? -microseconds : microseconds) * 10n + 5n, 7);
}

function decimalSeconds(negative: boolean, parts: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  return `${negative ? "-" : ""}${String(parts / perSecond)}.${String(parts % perSecond).padStart(digits, "0")}`;
}

function isAtLeast(version: string | undefined, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = (version ?? "").split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
