// The fast half: each plugin against its own rule. broken.slow.test.ts checks all rules in both generations.
import { describe, expect, it } from "@jest/globals";
import { checkRule } from "../../run.js";
import type { Breakage } from "../../testing/broken-exporter/breakage.js";
import { exporterBreakages } from "../../testing/broken-exporter/in-the-exporter.js";
import { wireBreakages } from "../../testing/broken-exporter/on-the-wire.js";
import { alternate } from "../../testing/sample-rules.js";
import { launchExporter } from "../../testing/sound-exporter.js";
import { exporterRules } from "./index.js";

const breakages: readonly Breakage[] = [...wireBreakages, ...exporterBreakages];

describe("the rules for exporters", () => {
  it.each(breakages.map((each, index) => ({ ...each, generation: alternate(index, each.generations) })))(
    "$rule catches a plugin that $how, on $generation",
    async ({ rule: id, generation, ...fault }) => {
      const rule = exporterRules.find((each) => each.id === id);
      if (rule === undefined) throw new Error(`there is no rule ${id}`);
      const subject = {
        connector: "exporter" as const,
        executable: "in process",
        location: "sound://{directory}",
        launch: launchExporter(fault),
      };
      expect((await checkRule(subject, { rule, generation }, { strict: true })).verdict).toBe("failed");
    },
  );

  it("each have a plugin that breaks them", () => {
    expect([...new Set(breakages.map(({ rule }) => rule))].sort()).toEqual(exporterRules.map(({ id }) => id).sort());
  });
});
