import { describe, expect, it } from "@jest/globals";
import { assertDeviations, deviationOf, deviationsFromJson, type Deviation } from "./deviations.js";
import { rules } from "./rules/index.js";

/** One that v1.1 has not. */
const OLD = "importer.source.scan-ends-well";
const reason = "old";

describe("known deviations", () => {
  it("are found by rule and generation", () => {
    const list = [
      { rule: "a.b", reason: "old" },
      { rule: "c", generation: "v1.0" as const, reason: "older" },
    ];
    expect(deviationOf(list, "a.b", "v1.1")).toBe(list[0]);
    expect(deviationOf(list, "c", "v1.0")).toBe(list[1]);
    expect(deviationOf(list, "c", "v1.1")).toBeUndefined();
  });

  it.each([
    [{}, "deviations are a list"],
    [[null], "deviation 1 needs a rule and a reason: null"],
    [[{ rule: "a" }], 'deviation 1 needs a rule and a reason: {"rule":"a"}'],
    [[{ rule: "a", reason: " " }], "deviation 1 needs a rule and a reason"],
    [
      [
        { rule: "a", reason: "b" },
        { rule: "a", reason: "b", generation: "v2" },
      ],
      'deviation 2: "v2" is no generation',
    ],
    [[{ rule: "a", reason: "b", generatoin: "v1.0" }], 'deviation 1: "generatoin" is none of rule, generation, reason'],
  ])("%j is refused", (value, message) => {
    expect(() => deviationsFromJson(value)).toThrow(message);
  });

  it.each<[string, Deviation[], string]>([
    ["no rule", [{ rule: "gone", reason }], 'a deviation is listed from "gone", which is no rule'],
    [
      "a rule of the other generation",
      [{ rule: OLD, generation: "v1.1", reason }],
      `a deviation is listed from "${OLD}" on v1.1, where it is no rule: it is one on v1.0`,
    ],
    [
      "a rule twice",
      [
        { rule: OLD, reason },
        { rule: OLD, reason },
      ],
      `a deviation is listed twice from "${OLD}"`,
    ],
    [
      "a rule in both generations and in one",
      [
        { rule: OLD, reason },
        { rule: OLD, generation: "v1.0", reason },
      ],
      `a deviation is listed twice from "${OLD}" on v1.0`,
    ],
  ])("must not name %s", (_, deviations, message) => {
    expect(() => {
      assertDeviations(deviations, rules);
    }).toThrow(new RangeError(message));
  });

  it("must be written as in a file, also by a program that nobody has compiled", () => {
    const misspelt = { rule: OLD, reason, generatoin: "v1.0" };
    expect(() => {
      assertDeviations([misspelt], rules);
    }).toThrow('deviation 1: "generatoin" is none of rule, generation, reason');
  });

  it("may name rules of several kinds of connectors, and a rule once for each generation", () => {
    const each = ["importer.tree.root", "exporter.tree.contents", "storage.put.cancelled"].map((rule) => ({
      rule,
      reason,
    }));
    const both = (["v1.0", "v1.1"] as const).map((generation) => ({
      rule: "process.exits.unused",
      generation,
      reason,
    }));
    expect(() => {
      assertDeviations([...each, ...both], rules);
    }).not.toThrow();
  });
});
