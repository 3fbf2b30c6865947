/**
 * Whether `utimes` keeps nanoseconds: libuv does from 1.52 on (Node 24); before,
 * it cuts at microseconds.
 */
export const keepsNanoseconds = isAtLeast(process.versions.uv, 1, 52);

/**
 * Makes the argument of `utimes` and `lutimes` that sets a time as precisely as
 * Node can: within 1 µs, rounded down as Go's exporter does; within 250 ns (what a
 * double of seconds holds) where libuv keeps nanoseconds.
 *
 * Why not a number: Node takes a negative one for "now" (strings of digits pass
 * as they are); and a number of seconds is rarely an exact microsecond, so that
 * a libuv which cuts at microseconds loses one half of the time. For that one the
 * string aims at the middle of the microsecond, away from zero because it cuts
 * towards zero.
 *
 * @param nanoseconds - Since 1970, may be negative.
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
