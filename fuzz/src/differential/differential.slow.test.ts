import { beforeAll, describe, expect, it } from "@jest/globals";
import { calmAuthor } from "../capture.js";
import { recordCorpus, type Corpus } from "../corpus.js";
import { sdkTarget } from "../target.js";
import { compareServers } from "./compare.js";
import { differential } from "./differential.js";

const WATCHDOG_MS = 120_000;
let corpus: Corpus;

beforeAll(async () => {
  corpus = await recordCorpus();
}, 120_000);

describe("both servers", () => {
  it("give the same answers to the unchanged recordings", async () => {
    const servers = { connect: sdkTarget("connect"), framed: sdkTarget("framed") };
    for (const { name, frames } of corpus.captures) {
      const steps = [Buffer.concat(frames)];
      const { differences } = await compareServers(
        { kind: "wire", what: "a host", author: calmAuthor, steps, reads: "all", end: "end" },
        servers,
        WATCHDOG_MS,
      );
      expect({ name, differences }).toEqual({ name, differences: [] });
    }
  }, 300_000);

  it("give the same answers to 300 inputs, except for deliberate differences", async () => {
    const { findings, met } = await differential({ corpus, seed: 3, runs: 300, watchdogMs: WATCHDOG_MS });
    expect(findings.map(({ text, inputs }) => [inputs[0]?.index, text])).toEqual([]);
    expect(met.size).toBeGreaterThan(3);
  }, 300_000);
});
