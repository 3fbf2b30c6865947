import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Outcome } from "../../outcome.js";
import { checkConformance } from "../../run.js";
import type { Subject } from "../../subject.js";
import type { Breakage } from "../../testing/broken-exporter/breakage.js";
import { exporterBreakages } from "../../testing/broken-exporter/in-the-exporter.js";
import { wireBreakages } from "../../testing/broken-exporter/on-the-wire.js";
import { remoteFaults, remoteSubject } from "../../testing/remote-plugin.js";
import { sampleRules } from "../../testing/sample-rules.js";
import { launchExporter, type Fault } from "../../testing/sound-exporter.js";
import { exporterRules } from "./index.js";

const breakages: readonly Breakage[] = [...wireBreakages, ...exporterBreakages];
const both: readonly Generation[] = ["v1.0", "v1.1"];

function subjectOf(fault: Fault, generation: Generation): Subject {
  return {
    connector: "exporter",
    executable: "in process",
    location: "sound://{directory}",
    generations: [generation],
    launch: launchExporter(fault),
  };
}

async function notPassed(
  subject: Subject,
  rules = exporterRules,
): Promise<Pick<Outcome, "rule" | "verdict" | "message">[]> {
  const { outcomes } = await checkConformance(subject, { rules, strict: true });
  return outcomes
    .filter(({ verdict }) => verdict !== "passed")
    .map(({ rule, verdict, message }) => ({ rule, verdict, message }));
}

describe.each(both)("the rules for exporters, on %s", (generation) => {
  it("all apply to a correct plugin, and pass", async () => {
    expect(await notPassed(subjectOf({}, generation))).toEqual([]);
  }, 120_000);

  const here = breakages.filter(({ generations = both }) => generations.includes(generation));

  it.each(here.map((each, turn) => [each.rule, each.how, each, turn] as const))(
    "%s alone catches a plugin that %s",
    async (rule, _how, breakage, turn) => {
      const rules = sampleRules(exporterRules, rule, turn);
      expect(await notPassed(subjectOf(breakage, generation), rules)).toEqual([
        { rule, verdict: "failed", message: expect.any(String) },
      ]);
    },
    120_000,
  );

  const remote = remoteFaults.filter(({ generations = both }) => generations.includes(generation));

  it.each(remote.map((each, turn) => [each.rule, each.how, each, turn] as const))(
    "%s alone catches a plugin that is read back and %s",
    async (rule, _how, { also, fault }, turn) => {
      const sample = sampleRules(exporterRules, rule, turn);
      const rules = exporterRules.filter((each) => sample.includes(each) || each.id === also);
      const outcomes = await notPassed(remoteSubject(generation, fault), rules);
      const failed = outcomes.filter(({ verdict }) => verdict === "failed");
      expect(failed.map((each) => each.rule).sort()).toEqual([rule, ...(also === undefined ? [] : [also])].sort());
    },
    120_000,
  );
});
