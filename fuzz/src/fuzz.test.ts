import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { fuzz, type FuzzOptions, type Outcome } from "./fuzz.js";

const broken = fileURLToPath(new URL("../dist/testing/broken.js", import.meta.url));
const SEED = 7;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kloset-fuzz-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function run(options: Partial<FuzzOptions>): Promise<Outcome> {
  return fuzz({ seed: SEED, runs: 20, workers: 1, watchdogMs: 20_000, ...options });
}

describe("a few hundred inputs", () => {
  it.each(["connect", "framed"] as const)(
    `of seed ${SEED} find nothing in the SDK, on the server %s`,
    async (server) => {
      const { findings, done, captures, peak } = await run({ runs: 400, workers: 2, server });
      expect(findings).toEqual([]);
      expect(done).toBe(400);
      expect(captures).toBe(31);
      expect(peak.live).toBeGreaterThan(0);
    },
    600_000,
  );
});

describe("a worker finds", () => {
  it.each([
    ["throws", /^uncaught: Error: out of a callback\n/],
    ["rejects", /^unhandled: Error: nobody listens\n/],
    ["warns", /^warning: MaxListenersExceededWarning: /],
    ["exits", /^crash: a worker ended with code 3/],
    ["goesAway", /^goaway: /],
  ])(
    "what %s",
    async (name, text) => {
      const { findings } = await run({ target: `${broken}#${name}`, runs: 3 });
      expect(findings.map((finding) => finding.text)).toContainEqual(expect.stringMatching(text));
      for (const { inputs } of findings) expect(inputs.length).toBeGreaterThan(0);
    },
    300_000,
  );

  it("what never gives the event loop back, and goes on with the other inputs", async () => {
    const { findings } = await run({ target: `${broken}#blocks`, runs: 2, watchdogMs: 3000 });
    expect(findings.map(({ text }) => text)).toContain(
      "hang: a worker says nothing any more: its event loop is blocked",
    );
    expect(new Set(findings.flatMap(({ inputs }) => inputs.map(({ index }) => index)))).toEqual(new Set([0, 1]));
  }, 300_000);

  it("what leaks", async () => {
    const { findings } = await run({ target: `${broken}#leaks`, runs: 200 });
    expect(findings.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^memory: \d+ MiB live at first, now \d+ MiB$/),
    );
  }, 300_000);
});

it("runs an input again from its file, and finds the same", async () => {
  const target = `${broken}#throws`;
  const { findings } = await run({ target, runs: 1 });
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
