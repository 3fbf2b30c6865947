import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { serveFramed } from "@kloset/server";
import { recordCorpus } from "./corpus.js";
import { differential } from "./differential/differential.js";
import { optionsOf } from "./options.js";
import { replay } from "./replay.js";
import { sdkTarget } from "./target.js";

const WATCHDOG_MS = 120_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kloset-fuzz-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it("replays the input of a difference, and finds no fault in the SDK", async () => {
  // A server without services differs from the other one.
  const servers = {
    connect: sdkTarget("connect"),
    framed: sdkTarget((duplex, options) => serveFramed(duplex, { ...options, services: [] })),
  };
  const { findings } = await differential({
    corpus: await recordCorpus(),
    seed: 7,
    runs: 10,
    watchdogMs: WATCHDOG_MS,
    servers,
  });
  const [first] = findings;
  const file = join(folder, "input.json");
  writeFileSync(file, first?.inputs[0]?.text ?? "");
  const { replay: input } = optionsOf(["--replay", file]);
  if (input === undefined) throw new Error("no input was read");
  const again = await replay(input, { target: undefined, watchdogMs: WATCHDOG_MS, servers });
  const same = findings.filter(({ inputs }) => inputs[0]?.index === first?.inputs[0]?.index).map(({ text }) => text);
  expect(same).toContainEqual(expect.stringMatching(/^differs: stream \d+: connect /));
  expect(again.map(({ text }) => text)).toEqual(same);
  expect(await replay(input, { target: undefined, watchdogMs: WATCHDOG_MS })).toEqual([]);
}, 120_000);
