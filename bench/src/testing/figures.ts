import type { Rounds } from "../compare.js";
import type { Measures } from "../drive.js";
import type { Report } from "../report/report.js";
import { rows, type Row } from "../rows.js";
import { startSummaryOf } from "../start.js";
import { summaryOf } from "../summary.js";

const MB = 1e6;

/** Returns the measurements of a run with some values replaced. */
export function measuresWith(some: Partial<Measures>): Measures {
  return { seconds: 1, bytes: 0, cpuSeconds: 1, peakBytes: 50 * MB, answerSeconds: 0.1, exitSeconds: 1, ...some };
}

/** Returns the row with an id. */
export function rowOf(id: string): Row {
  const found = rows.find((row) => row.id === id);
  if (found === undefined) throw new Error(`there is no row ${id}`);
  return found;
}

/** Returns three rounds in which Go takes `ratio` times as long, plus or minus a quarter. */
export function roundsWith(ratio: number, typescript: Partial<Measures> = {}): Rounds {
  const spread = [0.75, 1, 1.25];
  return {
    typescript: spread.map(() => measuresWith({ seconds: 2, ...typescript })),
    go: spread.map((factor) => measuresWith({ seconds: 2 * ratio * factor })),
    goTuned: spread.map(() => measuresWith({ seconds: 1 })),
  };
}

/** Returns a report with a row that reaches its target, one that misses it, and one without. */
export function someReport(): Report {
  const start = {
    node: [measuresWith({ exitSeconds: 0.1 })],
    typescript: [measuresWith({ answerSeconds: 0.12, exitSeconds: 0.13 })],
    go: [measuresWith({ answerSeconds: 0.005, exitSeconds: 0.006 })],
  };
  return {
    date: "2026-04-01",
    versions: {
      sdk: "1.2.3",
      commit: "abcdef0",
      server: "framed",
      node: "20.19.0",
      go: "1.25.0",
      grpcGo: "1.81.1",
      machine: "2 × <CPU & co>",
    },
    rounds: 3,
    rows: [
      summaryOf(rowOf("put-100k@8"), roundsWith(1.5)),
      summaryOf(rowOf("import-1k@8"), roundsWith(1.5, { peakBytes: 200 * MB })),
      summaryOf(rowOf("fs@1"), roundsWith(0.5)),
    ],
    start: startSummaryOf(start),
  };
}
