import type { StartSummary } from "../start.js";
import { quartiles, ratio } from "./lines.js";

/** What stands above {@link startLines}. */
export const startHeadings: readonly string[] = ["start, in milliseconds", "to the first answer", "to the end"];

/** What starting takes, as cells. */
export function startLines({ answerSeconds, exitSeconds }: StartSummary): string[][] {
  return [
    ["node -e 0", "", milliseconds(exitSeconds.node)],
    ["TypeScript", milliseconds(answerSeconds.typescript), milliseconds(exitSeconds.typescript)],
    ["Go", milliseconds(answerSeconds.go), milliseconds(exitSeconds.go)],
  ];
}

/** How it is held against its limit. */
export function startVerdict({ answerInBareNodes, limit, reached }: StartSummary): string {
  const found = `${ratio(answerInBareNodes.median)} (quartiles ${quartiles(answerInBareNodes)})`;
  return `The first answer comes after ${found} times a whole "node -e 0"; the limit of ${ratio(limit)} is ${reached ? "held" : "not held"}.`;
}

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
