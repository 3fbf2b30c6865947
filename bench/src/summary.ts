import type { Rounds } from "./compare.js";
import type { Contestant } from "./contestants.js";
import type { Measures } from "./drive.js";
import type { Row } from "./rows.js";
import { medianOf, ratiosOf, spreadOf, type Spread } from "./statistics.js";

/** The result of one row. */
export interface RowSummary {
  readonly id: string;
  readonly title: string;
  readonly calls: number;
  /** Medians of seconds. */
  readonly seconds: Readonly<Record<Contestant, number>>;
  /** Medians of the throughput in MB per second; 0 where no content is transferred. */
  readonly megabytesPerSecond: Readonly<Record<Contestant, number>>;
  /** Medians of the peak memory, in bytes. */
  readonly peakBytes: Readonly<Record<Contestant, number>>;
  /** Times of Go divided by those of TypeScript. */
  readonly againstGo: Spread;
  /** The same against Go with pooled buffers. */
  readonly againstTunedGo: Spread;
  /** CPU seconds of Go divided by those of TypeScript. */
  readonly cpuAgainstGo: Spread;
  readonly target?: number | undefined;
  /** The targets that were missed. */
  readonly missed: readonly string[];
}

const MB = 1e6;

/** Summarizes the rounds of a row. */
export function summaryOf(row: Row, rounds: Rounds): RowSummary {
  const againstGo = spreadOf(ratiosBy(rounds, "go", ({ seconds }) => seconds));
  const cpuAgainstGo = spreadOf(ratiosBy(rounds, "go", ({ cpuSeconds }) => cpuSeconds));
  const peakBytes = mediansBy(rounds, (measures) => measures.peakBytes);
  const missed: string[] = [];
  if (row.target !== undefined && againstGo.median < row.target) missed.push("time");
  if (row.bulk && cpuAgainstGo.median < 1) missed.push("CPU");
  if (row.peakLimit !== undefined && peakBytes.typescript > row.peakLimit) missed.push("memory");
  return {
    id: row.id,
    title: row.title,
    calls: row.calls,
    seconds: mediansBy(rounds, ({ seconds }) => seconds),
    megabytesPerSecond: mediansBy(rounds, ({ bytes, seconds }) => bytes / MB / seconds),
    peakBytes,
    againstGo,
    againstTunedGo: spreadOf(ratiosBy(rounds, "goTuned", ({ seconds }) => seconds)),
    cpuAgainstGo,
    target: row.target,
    missed,
  };
}

function ratiosBy(rounds: Rounds, other: Contestant, figure: (measures: Measures) => number): number[] {
  return ratiosOf(rounds.typescript.map(figure), rounds[other].map(figure));
}

function mediansBy(rounds: Rounds, figure: (measures: Measures) => number): Record<Contestant, number> {
  const median = (name: Contestant): number => medianOf(rounds[name].map(figure));
  return { typescript: median("typescript"), go: median("go"), goTuned: median("goTuned") };
}
