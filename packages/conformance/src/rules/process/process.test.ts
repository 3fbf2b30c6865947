// The fast half. process.slow.test.ts checks every faulty plugin against its own rule and others, and the other
// generation.
import { describe, expect, it } from "@jest/globals";
import type { Report } from "../../outcome.js";
import { checkFixture as check, importerProcessRules as rules, notPassed } from "../../testing/process-fixture.js";
import { halvesOf } from "../../testing/sample-rules.js";
import { processRules } from "./index.js";

describe("the rules for processes", () => {
  it.each(["v1.0", "v1.1"] as const)("pass a sound plugin, on %s", async (generation) => {
    expect(notPassed(await check(undefined, { generation, rules: halvesOf(rules, generation).fast }))).toEqual([]);
  });

  const few = rules.filter(({ id }, index) => id !== "process.starts.init" && index % 9 === 0);

  it.each(few)("catch a plugin that breaks $id", async (rule) => {
    const report = await check(rule.id, { rules: [rule] });
    expect(notPassed(report)).toEqual([expect.stringContaining(`${rule.id}: `)]);
    expect(report.ok).toBe(false);
  });

  it("find a child process that does not have the plugin's environment", async () => {
    const id = "process.leftovers.processes";
    const report = await check(`${id}/emptied-environment`, { rules: rules.filter((rule) => rule.id === id) });
    expect(notPassed(report)).toEqual([
      expect.stringMatching(/still running after the plugin's exit: \d+ \(\/bin\/sleep 15\)$/),
    ]);
  });

  it("report stray output during a call, whichever rule fails", async () => {
    const ids = ["process.output.http2-only", "process.output.no-goaway", "process.exits.after-close"];
    const { outcomes } = await check("process.output.http2-only/in-a-call", {
      rules: rules.filter(({ id }) => ids.includes(id)),
    });
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["failed", "failed", "failed"]);
    const message = /^the plugin printed to its connection, after \d+ frames: "50% done\\n.*"; /;
    for (const outcome of outcomes) expect(outcome.message).toMatch(message);
  });
});

describe("a plugin that does not start", () => {
  const few = rules.filter(({ id }) => id.startsWith("process.exits."));
  const summary = ({ outcomes }: Report): string[] =>
    outcomes.map(({ rule, verdict, message = "" }) => `${rule}: ${verdict}: ${message}`);
  const unasked = few.map(({ id }) => `${id}: not asked: the plugin does not start on v1.1: see process.starts.init`);

  it.each<[string, string, number | undefined, RegExp]>([
    [
      "fails Init",
      "process.starts.init",
      undefined,
      /^process\.starts\.init: failed: Init failed: not today \(code 2\)$/,
    ],
    [
      "prints first",
      "process.output.http2-only/at-its-start",
      undefined,
      /^process\.starts\.init: failed: the plugin printed to its connection, at its start: "Welcome!\\n.*"; /,
    ],
    [
      "never answers Init",
      "process.starts.init/never",
      1500,
      /^process\.starts\.init: failed: Error: the check did not finish within 1500 ms$/,
    ],
  ])("is reported once, without checking other rules, when it %s", async (_, fault, timeoutMs, first) => {
    const report = await check(fault, { rules: few, ...(timeoutMs !== undefined && { timeoutMs }) });
    expect(summary(report)).toEqual([expect.stringMatching(first), ...unasked]);
    expect(report).toMatchObject({ ok: false, counts: { failed: 1, "not asked": few.length } });
  });

  it("is reported as another kind of connector when it is one", async () => {
    const storage = processRules.filter(
      ({ connector, id }) => connector === "storage" && id === "process.exits.unused",
    );
    const { outcomes } = await check(undefined, { connector: "storage", rules: storage });
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["failed", "not asked"]);
    expect(outcomes[0]?.message).toMatch(/^it is not a storage, or does not support v1\.1: .*\(code 12\)$/);
  });

  it("makes no known deviation stale, and is not excused by one", async () => {
    const deviations = ["process.starts.init", "process.exits.unused"].map((rule) => ({
      rule,
      reason: "for the test",
    }));
    const report = await check("process.starts.init", { rules: few, deviations });
    expect(report).toMatchObject({ ok: false, counts: { deviates: 1, stale: 0, "not asked": few.length } });
  });
});
