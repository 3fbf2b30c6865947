// The fast half: each plugin against its own rule. broken.slow.test.ts checks all rules in both generations.
import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import { checkConformance, checkRule } from "../../run.js";
import type { Subject } from "../../subject.js";
import type { Breakage } from "../../testing/broken-exporter/breakage.js";
import { exporterBreakages } from "../../testing/broken-exporter/in-the-exporter.js";
import { wireBreakages } from "../../testing/broken-exporter/on-the-wire.js";
import { alternate } from "../../testing/sample-rules.js";
import { REMOTE_LOCATION, remoteFaults, remotePlugin, type RemoteFault } from "../../testing/remote-plugin.js";
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

/** Returns an exporter to a service that the kit cannot look into, read back by its importer. */
function remoteSubject(generation: Generation, ...faults: readonly RemoteFault[]): Subject {
  const { exporter, importer } = remotePlugin(generation, ...faults);
  return {
    ...exporter,
    connector: "exporter",
    location: REMOTE_LOCATION,
    generations: [generation],
    readBack: importer,
  };
}

/** Returns the rules that a subject does not pass, with their verdicts. */
async function notPassed(subject: Subject): Promise<Record<string, string>> {
  const { outcomes } = await checkConformance(subject, { rules: exporterRules, strict: true });
  const others = outcomes.filter(({ verdict }) => verdict !== "passed");
  return Object.fromEntries(others.map(({ rule, verdict }) => [rule, verdict]));
}

describe("the rules for exporters that are read back", () => {
  it.each(remoteFaults.map((each, index) => ({ ...each, generation: alternate(index, each.generations) })))(
    "catch a plugin that $how with $rule, on $generation",
    async ({ rule: id, generation, fault }) => {
      const rule = exporterRules.find((each) => each.id === id);
      if (rule === undefined) throw new Error(`there is no rule ${id}`);
      const check = async (subject: Subject): Promise<string> =>
        (await checkRule(subject, { rule, generation }, { strict: true })).verdict;
      expect(await check(remoteSubject(generation, fault))).toBe("failed");
      // Without the importer, the mistake goes unnoticed.
      expect(await check({ ...remoteSubject(generation, fault), readBack: undefined })).toBe("not applicable");
    },
  );

  // It looks for a file outside the root.
  const unseen = { "exporter.paths.stay-below": "not applicable" };

  it.each(["v1.0", "v1.1"] as const)(
    "all apply to a correct plugin except one, and pass, on %s",
    async (generation) => {
      expect(await notPassed(remoteSubject(generation))).toEqual(unseen);
    },
  );
});
