import { expect, it } from "@jest/globals";
import { recordCorpus } from "../corpus.js";
import { differential } from "./differential.js";

const WATCHDOG_MS = 30_000;

it("both servers give the same answers to 300 inputs, except for deliberate differences", async () => {
  const corpus = await recordCorpus();
  const { findings, met } = await differential({ corpus, seed: 3, runs: 300, watchdogMs: WATCHDOG_MS });
  expect(findings.map(({ text, inputs }) => [inputs[0]?.index, text])).toEqual([]);
  expect(met.size).toBeGreaterThan(3);
}, 300_000);
