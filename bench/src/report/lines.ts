import type { RowSummary } from "../summary.js";
import type { Spread } from "../statistics.js";

const MB = 1e6;
const RATIO_DIGITS = 2;

/** The headings of {@link cellsOf}. */
export const headings: readonly string[] = [
  "row",
  "calls",
  "against Go",
  "quartiles",
  "target",
  "reached",
  "against tuned Go",
  "CPU",
  "seconds",
  "Go's",
  "peak MB",
  "Go's",
];

/** Returns one line of the table. */
export function cellsOf({
  title,
  calls,
  againstGo,
  againstTunedGo,
  cpuAgainstGo,
  target,
  missed,
  seconds,
  peakBytes,
}: RowSummary): string[] {
  return [
    title,
    String(calls),
    ratio(againstGo.median),
    quartiles(againstGo),
    target === undefined ? "" : ratio(target),
    reached(target, missed),
    ratio(againstTunedGo.median),
    ratio(cpuAgainstGo.median),
    ratio(seconds.typescript),
    ratio(seconds.go),
    (peakBytes.typescript / MB).toFixed(0),
    (peakBytes.go / MB).toFixed(0),
  ];
}

function reached(target: number | undefined, missed: readonly string[]): string {
  if (missed.length > 0) return `not ${missed.join(", ")}`;
  return target === undefined ? "" : "yes";
}

/** Formats a ratio. */
export function ratio(value: number): string {
  return value.toFixed(RATIO_DIGITS);
}

/** Formats the lower and the upper quartile. */
export function quartiles({ lowerQuartile, upperQuartile }: Spread): string {
  return `${ratio(lowerQuartile)}–${ratio(upperQuartile)}`;
}
