import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Outcome } from "../../outcome.js";
import { checkConformance } from "../../run.js";
import type { Breakage } from "../../testing/broken-exporter/breakage.js";
import { exporterBreakages } from "../../testing/broken-exporter/in-the-exporter.js";
import { wireBreakages } from "../../testing/broken-exporter/on-the-wire.js";
import { launchExporter, type Fault } from "../../testing/sound-exporter.js";
import { exporterRules } from "./index.js";

const breakages: readonly Breakage[] = [...wireBreakages, ...exporterBreakages];
const both: readonly Generation[] = ["v1.0", "v1.1"];

async function notPassed(
  fault: Fault,
  generation: Generation,
): Promise<Pick<Outcome, "rule" | "verdict" | "message">[]> {
  const subject = {
    connector: "exporter" as const,
    executable: "in process",
    location: "sound://{directory}",
    generations: [generation],
    launch: launchExporter(fault),
  };
  const { outcomes } = await checkConformance(subject, { rules: exporterRules, strict: true });
  return outcomes
    .filter(({ verdict }) => verdict !== "passed")
    .map(({ rule, verdict, message }) => ({ rule, verdict, message }));
}

describe.each(both)("the rules for exporters, on %s", (generation) => {
  it("all apply to a correct plugin, and pass", async () => {
    expect(await notPassed({}, generation)).toEqual([]);
  }, 120_000);

  const here = breakages.filter(({ generations = both }) => generations.includes(generation));

  it.each(here.map((each) => [each.rule, each.how, each] as const))(
    "%s alone catches a plugin that %s",
    async (rule, _how, breakage) => {
      expect(await notPassed(breakage, generation)).toEqual([{ rule, verdict: "failed", message: expect.any(String) }]);
    },
    120_000,
  );
});
