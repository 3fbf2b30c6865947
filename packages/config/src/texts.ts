/**
 * Parsers of texts that Plakar's users know from Go. Each returns undefined for a text that it does not accept.
 *
 * @module
 */

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** Parses exactly the texts that Go's `strconv.ParseBool` accepts. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

/** Nanoseconds of each unit. The two signs for "micro" are U+00B5 and U+03BC. */
const DURATION_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00B5s", 1_000n],
  ["\u03BCs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const DURATION_PART = /(\d*)(?:\.(\d*))?(ns|us|\u00B5s|\u03BCs|ms|s|m|h)/gy;

const NANOSECONDS_MAX = 2n ** 63n - 1n;

/** Longest text that is parsed: digits beyond that are not a value but an attack. */
const MAX_TEXT = 256;

/**
 * Parses the syntax of Go's `time.ParseDuration`, such as "1h30m" or "-1.5s", and accepts the same range.
 *
 * @returns Milliseconds, with a fraction for units below.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const isNegative = text.startsWith("-");
  const rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0;
  let nanoseconds = 0n;
  let end = 0;
  for (const [part, whole = "", fraction = "", unit = ""] of rest.matchAll(DURATION_PART)) {
    if (whole === "" && fraction === "") return undefined;
    nanoseconds += scaled(whole, fraction, DURATION_UNITS.get(unit) ?? 0n);
    end += part.length;
  }
  if (end === 0 || end !== rest.length) return undefined;
  // Like Go, whose int64 reaches one further below zero.
  if (nanoseconds > NANOSECONDS_MAX + (isNegative ? 1n : 0n)) return undefined;
  if (nanoseconds === 0n) return 0;
  const milliseconds = Number(nanoseconds) / 1e6;
  return isNegative ? -milliseconds : milliseconds;
}

const SIZE_PREFIXES = ["", "K", "M", "G", "T", "P", "E"];

/**
 * Parses a number of bytes, such as "4096", "64 MiB" or "1.5GB". Units are those of go-humanize, which Plakar uses: KiB is
 * 1,024 bytes; K and KB are 1,000; upper and lower case are the same. Fractions of a byte are dropped.
 *
 * @returns A safe integer.
 */
export function parseBytes(text: string): number | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const [, whole = "", fraction = "", prefix = "", binary] =
    /^(?=\.?\d)(\d*)(?:\.(\d*))? ?([KMGTPE]?)(?:(i)?B?)$/i.exec(text) ?? [];
  if (whole === "" && fraction === "") return undefined;
  if (binary !== undefined && prefix === "") return undefined;
  const exponent = BigInt(SIZE_PREFIXES.indexOf(prefix.toUpperCase()));
  const bytes = scaled(whole, fraction, (binary === undefined ? 1000n : 1024n) ** exponent);
  return bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
}

/**
 * Parses a date ("2026-01-31", midnight UTC) or a time of RFC 3339 ("2026-01-31T10:00:00Z"). A time needs an offset, as
 * the plugin's time zone is not the user's.
 */
export function parseDate(text: string): Date | undefined {
  const [, day] =
    /^(\d{4}-\d\d-\d\d)(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/i.exec(
      text,
    ) ?? [];
  if (day === undefined) return undefined;
  // Date turns February 30 into March 2.
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  return new Date(text.toUpperCase());
}

/** Returns a decimal number times a unit, without its fraction. */
function scaled(whole: string, fraction: string, unit: bigint): bigint {
  return (BigInt(whole + fraction) * unit) / 10n ** BigInt(fraction.length);
}
