/**
 * Makes the argument of `utimes` and `lutimes` that sets a time to the
 * microsecond, which is what Node's file system layer keeps.
 *
 * Why not a number: Node takes a negative one for "now" (strings of digits pass
 * as they are); and a number of seconds is rarely an exact microsecond, so that
 * libuv, which cuts at microseconds, loses one half of the time. So the string
 * aims at the middle of the microsecond, away from zero because libuv cuts
 * towards zero.
 *
 * @param nanoseconds - Since 1970, may be negative. Rounded down to microseconds, as Go's exporter does.
 */
export function utimesArgument(nanoseconds: bigint): string {
  let microseconds = nanoseconds / 1000n;
  if (nanoseconds < 0n && nanoseconds % 1000n !== 0n) microseconds -= 1n;
  const negative = microseconds < 0n;
  const tenths = (negative ? -microseconds : microseconds) * 10n + 5n;
  return `${negative ? "-" : ""}${String(tenths / 10_000_000n)}.${String(tenths % 10_000_000n).padStart(7, "0")}`;
}
