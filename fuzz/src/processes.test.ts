import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { calmAuthor } from "./capture.js";
import { recordCorpus } from "./corpus.js";
import { preface, settings } from "./http2.js";
import type { WireInput } from "./input.js";
import { fuzzProcesses, runProcess } from "./processes.js";

const brokenPlugin = fileURLToPath(new URL("../dist/testing/broken-plugin.js", import.meta.url));
const WATCHDOG_MS = 120_000;
const input: WireInput = {
  kind: "wire",
  what: "",
  author: calmAuthor,
  steps: [preface, settings(), "quiet"],
  reads: "all",
  end: "end",
};

describe("a plugin's process", () => {
  it("has no faults on some inputs", async () => {
    expect(
      await fuzzProcesses({ corpus: await recordCorpus(), seed: 3, runs: 5, atOnce: 2, watchdogMs: WATCHDOG_MS }),
    ).toEqual([]);
  }, 300_000);

  it.each([
    ["prints", "output: frame 1 has the type 100"],
    ["crashes", "crash: uncaught exception: Error: out of a callback"],
    ["exits", "exit: the process ended with code 3"],
    ["forgets", 'connector: ["importer was closed 0 times"]'],
  ])(
    "is reported if it %s",
    async (fault, text) => {
      const faults = await runProcess(input, WATCHDOG_MS, [brokenPlugin, fault]);
      expect(faults).toContainEqual(expect.stringContaining(text));
    },
    120_000,
  );
});
