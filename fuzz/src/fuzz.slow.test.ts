import { describe, expect, it } from "@jest/globals";
import { brokenTarget, run, SEED } from "./testing/run.js";

describe("400 inputs", () => {
  it.each(["connect", "framed"] as const)(
    `of seed ${SEED} find no faults in the SDK on the server %s`,
    async (server) => {
      const { findings, done, captures, peak } = await run({ runs: 400, workers: 2, server });
      expect(findings).toEqual([]);
      expect(done).toBe(400);
      expect(captures).toBe(44);
      expect(peak.live).toBeGreaterThan(0);
    },
    600_000,
  );
});

describe("a worker reports a target that", () => {
  it.each([
    ["throws", /^uncaught: Error: out of a callback\n/],
    ["rejects", /^unhandled: Error: not handled\n/],
    ["warns", /^warning: MaxListenersExceededWarning: /],
    ["goesAway", /^goaway: /],
  ])(
    "%s",
    async (name, text) => {
      const { findings } = await run({ target: brokenTarget(name), runs: 3 });
      expect(findings.map((finding) => finding.text)).toContainEqual(expect.stringMatching(text));
      for (const { inputs } of findings) expect(inputs.length).toBeGreaterThan(0);
    },
    300_000,
  );

  // Waits for two watchdogs of 3 s.
  it("blocks the event loop, and continues with the other inputs", async () => {
    const { findings } = await run({ target: brokenTarget("blocks"), runs: 2, watchdogMs: 3000 });
    expect(findings.map(({ text }) => text)).toContain("hang: a worker no longer responds: its event loop is blocked");
    expect(new Set(findings.flatMap(({ inputs }) => inputs.map(({ index }) => index)))).toEqual(new Set([0, 1]));
  }, 300_000);

  it("leaks", async () => {
    const { findings } = await run({ target: brokenTarget("leaks"), runs: 200 });
    expect(findings.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^memory: \d+ MiB live at first, now \d+ MiB$/),
    );
  }, 300_000);
});
