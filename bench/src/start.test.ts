import { expect, it } from "@jest/globals";
import { startSummaryOf } from "./start.js";
import { measuresWith } from "./testing/figures.js";

it.each([
  [0.125, true],
  [0.126, false],
])("a first answer after %d s, if a bare Node takes 0.1 s, is within the limit: %s", (answerSeconds, reached) => {
  const summary = startSummaryOf({
    node: [measuresWith({ exitSeconds: 0.1 })],
    typescript: [measuresWith({ answerSeconds, exitSeconds: 0.2 })],
    go: [measuresWith({ answerSeconds: 0.01, exitSeconds: 0.02 })],
  });
  expect(summary).toMatchObject({
    rounds: 1,
    answerSeconds: { typescript: answerSeconds, go: 0.01 },
    exitSeconds: { node: 0.1, typescript: 0.2, go: 0.02 },
    reached,
  });
  expect(summary.answerInBareNodes.median).toBeCloseTo(answerSeconds / 0.1);
});
