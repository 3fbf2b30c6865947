import { describe, expect, it } from "@jest/globals";
import type { Deviation } from "../../deviations.js";
import { checkConformance } from "../../run.js";
import type { Report } from "../../outcome.js";
import { bundledFixture } from "../../testing/bundled-fixture.js";
import { judgesOf } from "../../testing/judges.js";
import { processRules } from "./index.js";

const fixture = bundledFixture();
const rules = processRules.filter(({ connector }) => connector === "importer");

async function check(
  args: readonly string[],
  generation: "v1.0" | "v1.1",
  judges = rules,
  timeoutMs?: number,
  deviations?: Deviation[],
): Promise<Report> {
  const subject = {
    connector: "importer" as const,
    executable: process.execPath,
    args: [fixture(), ...args],
    location: "memory://there",
    generations: [generation],
  };
  return await checkConformance(subject, { rules: judges, timeoutMs, deviations });
}

function notPassed({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict !== "passed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}

describe("the rules for processes", () => {
  it.each(["v1.0", "v1.1"] as const)(
    "pass a sound plugin, on %s",
    async (generation) => {
      expect(notPassed(await check([], generation))).toEqual([]);
    },
    120_000,
  );

  const rest = rules.filter(({ id }) => id !== "process.starts.init");

  it.each(rest.map(({ id }, turn) => [id, turn] as const))(
    "catch a plugin that breaks only %s",
    async (id, turn) => {
      const report = await check([id], "v1.1", judgesOf(rest, id, turn));
      expect(notPassed(report)).toEqual([expect.stringContaining(`${id}: `)]);
      expect(report.ok).toBe(false);
    },
    120_000,
  );

  it("find a process that was left without the plugin's environment", async () => {
    const id = "process.leftovers.processes";
    const report = await check(
      [`${id}/emptied-environment`],
      "v1.1",
      rules.filter((rule) => rule.id === id),
    );
    expect(notPassed(report)).toEqual([
      expect.stringMatching(/still running after the plugin's end: \d+ \(\/bin\/sleep 15\)$/),
    ]);
  }, 120_000);

  it("tell what a plugin prints onto its connection in a call, whichever of them fails", async () => {
    const ids = ["process.output.http2-only", "process.output.no-goaway", "process.exits.after-close"];
    const judges = rules.filter(({ id }) => ids.includes(id));
    const { outcomes } = await check(["process.output.http2-only/in-a-call"], "v1.1", judges);
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["failed", "failed", "failed"]);
    const message = /^the plugin printed onto its connection, after \d+ frames: "50% done\\n.*"; /;
    for (const outcome of outcomes) expect(outcome.message).toMatch(message);
  }, 120_000);
});

describe("a plugin that does not start", () => {
  const few = rules.filter(({ id }) => id.startsWith("process.exits."));
  const summary = ({ outcomes }: Report): string[] =>
    outcomes.map(({ rule, verdict, message = "" }) => `${rule}: ${verdict}: ${message}`);
  const unasked = few.map(({ id }) => `${id}: not asked: the plugin does not start on v1.1: see process.starts.init`);

  it.each([
    ["refuses Init", "process.starts.init", /^process\.starts\.init: failed: it refuses Init: not today \(code 2\)$/],
    [
      "prints first",
      "process.output.http2-only/at-its-start",
      /^process\.starts\.init: failed: the plugin printed onto its connection, at its start: "Welcome!\\n.*"; /,
    ],
    [
      "never answers Init",
      "process.starts.init/never",
      /^process\.starts\.init: failed: Error: the check did not come to an end within 3000 ms$/,
    ],
  ])(
    "is told once, and not asked anything else, when it %s",
    async (_, how, told) => {
      const report = await check([how], "v1.1", few, 3000);
      expect(summary(report)).toEqual([expect.stringMatching(told), ...unasked]);
      expect(report).toMatchObject({ ok: false, counts: { failed: 1, "not asked": few.length } });
    },
    120_000,
  );

  it("is told as another connector when it is one", async () => {
    const subject = {
      connector: "storage" as const,
      executable: process.execPath,
      args: [fixture()],
      location: "memory://{unique}",
    };
    const storage = processRules.filter(
      ({ connector, id }) => connector === "storage" && id === "process.exits.unused",
    );
    const { outcomes } = await checkConformance({ ...subject, generations: ["v1.1"] }, { rules: storage });
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["failed", "not asked"]);
    expect(outcomes[0]?.message).toMatch(/^it is no storage, or does not speak v1\.1: .*\(code 12\)$/);
  }, 120_000);

  it("makes no listing stale, and is not excused by one", async () => {
    const deviations = ["process.starts.init", "process.exits.unused"].map((rule) => ({
      rule,
      reason: "for the test",
    }));
    const report = await check(["process.starts.init"], "v1.1", few, undefined, deviations);
    expect(report).toMatchObject({ ok: false, counts: { deviates: 1, stale: 0, "not asked": few.length } });
  }, 120_000);
});
