import { describe, expect, it } from "@jest/globals";
import { checkConformance } from "../../run.js";
import type { Report } from "../../outcome.js";
import { bundledFixture } from "../../testing/bundled-fixture.js";
import { judgesOf } from "../../testing/judges.js";
import { processRules } from "./index.js";

const fixture = bundledFixture();
const rules = processRules.filter(({ connector }) => connector === "importer");

async function check(args: readonly string[], generation: "v1.0" | "v1.1", judges = rules): Promise<Report> {
  const subject = {
    connector: "importer" as const,
    executable: process.execPath,
    args: [fixture(), ...args],
    location: "memory://there",
    generations: [generation],
  };
  return await checkConformance(subject, { rules: judges });
}

function notPassed({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict !== "passed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}

describe("the rules for processes", () => {
  it.each(["v1.0", "v1.1"] as const)("pass a sound plugin, on %s", async (generation) => {
    expect(notPassed(await check([], generation))).toEqual([]);
  }, 120_000);

  it.each(rules.map(({ id }, turn) => [id, turn] as const))("catch a plugin that breaks only %s", async (id, turn) => {
    const report = await check([id], "v1.1", judgesOf(rules, id, turn));
    expect(notPassed(report)).toEqual([expect.stringContaining(`${id}: `)]);
    expect(report.ok).toBe(false);
  }, 120_000);
});
