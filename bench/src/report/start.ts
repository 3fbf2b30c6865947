import type { StartSummary } from "../start.js";
import { quartiles, ratio } from "./lines.js";

/** The headings of {@link startLines}. */
export const startHeadings: readonly string[] = ["start, in milliseconds", "to the first answer", "to the end"];

/** Returns the table of start-up times. */
export function startLines({ answerSeconds, exitSeconds }: StartSummary): string[][] {
  return [
    ["node -e 0", "", milliseconds(exitSeconds.node)],
    ["TypeScript", milliseconds(answerSeconds.typescript), milliseconds(exitSeconds.typescript)],
    ["Go", milliseconds(answerSeconds.go), milliseconds(exitSeconds.go)],
  ];
}

/** Compares the start-up time with its limit in a sentence. */
export function startVerdict({ answerInBareNodes, limit, reached }: StartSummary): string {
  const found = `${ratio(answerInBareNodes.median)} (quartiles ${quartiles(answerInBareNodes)})`;
  return `The first answer comes after ${found} times a whole "node -e 0", ${reached ? "within" : "above"} the limit of ${ratio(limit)}.`;
}

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
