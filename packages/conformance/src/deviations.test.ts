import { describe, expect, it } from "@jest/globals";
import { assertDeviations, deviationOf, deviationsFromJson, type Deviation } from "./deviations.js";
import { rules } from "./rules/index.js";

/** A rule that does not apply to v1.1. */
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
    [{}, "deviations must be a list"],
    [[null], "deviation 1 needs a rule and a reason: null"],
    [[{ rule: "a" }], 'deviation 1 needs a rule and a reason: {"rule":"a"}'],
    [[{ rule: "a", reason: " " }], "deviation 1 needs a rule and a reason"],
    [
      [
        { rule: "a", reason: "b" },
        { rule: "a", reason: "b", generation: "v2" },
      ],
      'deviation 2: unknown generation "v2"; allowed are v1.0, v1.1',
    ],
    [
      [{ rule: "a", reason: "b", generatoin: "v1.0" }],
      'deviation 1: unknown key "generatoin"; allowed are rule, generation, reason',
    ],
  ])("rejects %j", (value, message) => {
    expect(() => deviationsFromJson(value)).toThrow(message);
  });

  it.each<[string, Deviation[], string]>([
    ["an unknown rule", [{ rule: "gone", reason }], 'deviation 1: there is no rule "gone"'],
    [
      "a rule of the other generation",
      [{ rule: OLD, generation: "v1.1", reason }],
      `deviation 1: the rule "${OLD}" applies to v1.0 only, not to v1.1`,
    ],
    [
      "a rule twice",
      [
        { rule: OLD, reason },
        { rule: OLD, reason },
      ],
      `deviation 2: the rule "${OLD}" is already listed`,
    ],
    [
      "a rule in both generations and in one",
      [
        { rule: OLD, reason },
        { rule: OLD, generation: "v1.0", reason },
      ],
      `deviation 2: the rule "${OLD}" is already listed for v1.0`,
    ],
  ])("must not name %s", (_, deviations, message) => {
    expect(() => {
      assertDeviations(deviations, rules);
    }).toThrow(new RangeError(message));
  });

  it("are validated when a program passes them, too", () => {
    const misspelt = { rule: OLD, reason, generatoin: "v1.0" };
    expect(() => {
      assertDeviations([misspelt], rules);
    }).toThrow('deviation 1: unknown key "generatoin"; allowed are rule, generation, reason');
  });

  it("may name rules for several kinds of connector, and a rule once per generation", () => {
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
