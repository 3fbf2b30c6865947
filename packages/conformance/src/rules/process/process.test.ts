import { describe, expect, it } from "@jest/globals";
import { checkConformance } from "../../run.js";
import type { Report } from "../../outcome.js";
import { bundledFixture } from "../../testing/bundled-fixture.js";
import { processRules } from "./index.js";

const fixture = bundledFixture();
const rules = processRules.filter(({ connector }) => connector === "importer");

async function check(args: readonly string[], generation: "v1.0" | "v1.1"): Promise<Report> {
  const subject = {
    connector: "importer" as const,
    executable: process.execPath,
    args: [fixture(), ...args],
    location: "memory://there",
    generations: [generation],
  };
  return await checkConformance(subject, { rules });
}

function notPassed({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict !== "passed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}

describe("the rules for processes", () => {
  it.each(["v1.0", "v1.1"] as const)("pass a sound plugin, on %s", async (generation) => {
    expect(notPassed(await check([], generation))).toEqual([]);
  }, 120_000);

  it.each(rules.map(({ id }) => id))("catch a plugin that breaks only %s", async (id) => {
    const report = await check([id], "v1.1");
    expect(notPassed(report)).toEqual([expect.stringContaining(`${id}: `)]);
    expect(report.ok).toBe(false);
  }, 120_000);
});
