import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { brokenTarget, run, SEED } from "./testing/run.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kloset-fuzz-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it(`finds no faults in the SDK on 50 inputs of seed ${SEED}`, async () => {
  const { findings, done, captures, peak } = await run({ runs: 50, workers: 2, server: "framed" });
  expect(findings).toEqual([]);
  expect(done).toBe(50);
  expect(captures).toBe(44);
  expect(peak.live).toBeGreaterThan(0);
}, 300_000);

it("reports a worker that exits", async () => {
  const { findings } = await run({ target: brokenTarget("exits"), runs: 3 });
  expect(findings.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^crash: a worker ended with code 3/));
  for (const { inputs } of findings) expect(inputs.length).toBeGreaterThan(0);
}, 300_000);

it("replays an input from its file with the same finding", async () => {
  const target = brokenTarget("throws");
  const { findings } = await run({ target, runs: 1 });
  expect(findings.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^uncaught: Error: out of a callback\n/),
  );
  const text = findings[0]?.inputs[0]?.text ?? "";
  const replay = join(folder, "input.json");
  writeFileSync(replay, text);
  const again = await run({ target, replay });
  expect(again.findings.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^uncaught: Error: out of a callback\n/),
  );
  expect(again.findings[0]?.inputs[0]?.text).toBe(text);
  expect((await run({ replay })).findings).toEqual([]);
}, 300_000);
