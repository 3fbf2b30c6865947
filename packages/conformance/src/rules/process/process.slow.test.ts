// More faulty plugins, other rules, and the other generation, than in process.test.ts.
import { describe, expect, it } from "@jest/globals";
import { checkFixture as check, importerProcessRules as rules, notPassed } from "../../testing/process-fixture.js";
import { halvesOf, sampleRules } from "../../testing/sample-rules.js";

describe("the rules for processes", () => {
  it.each(["v1.0", "v1.1"] as const)("pass a sound plugin, on %s", async (generation) => {
    expect(notPassed(await check(undefined, { generation, rules: halvesOf(rules, generation).slow }))).toEqual([]);
  });

  const others = rules.filter(({ id }) => id !== "process.starts.init");

  it.each(others.map(({ id }, index) => [id, index] as const))(
    "catch a plugin that breaks only %s",
    async (id, index) => {
      const report = await check(id, { rules: sampleRules(others, id, index) });
      expect(notPassed(report)).toEqual([expect.stringContaining(`${id}: `)]);
      expect(report.ok).toBe(false);
    },
  );
});
