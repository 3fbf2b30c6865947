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

  it("find a process that was left without the plugin's environment", async () => {
    const id = "process.leftovers.processes";
    const report = await check([`${id}/emptied-environment`], "v1.1", rules.filter((rule) => rule.id === id));
    expect(notPassed(report)).toEqual([expect.stringMatching(/still running after the plugin's end: \d+ \(\/bin\/sleep 15\)$/)]);
  }, 120_000);

  it.each([
    ["at-its-start", "at its start", "Welcome!"],
    ["in-a-call", "after \\d+ frames", "50% done"],
  ])("tell what a plugin prints onto its connection %s, whichever of them fails", async (how, place, text) => {
    const ids = ["process.output.http2-only", "process.output.no-goaway", "process.exits.after-close"];
    const judges = rules.filter(({ id }) => ids.includes(id));
    const message = new RegExp(`^the plugin printed onto its connection, ${place}: "${text}\\\\n.*"; `);
    const { outcomes } = await check([`process.output.http2-only/${how}`], "v1.1", judges);
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["failed", "failed", "failed"]);
    for (const outcome of outcomes) expect(outcome.message).toMatch(message);
  }, 120_000);
});
