import { describe, expect, it } from "@jest/globals";
import { assertDeviations, deviationOf, deviationsFromJson } from "./deviations.js";

describe("known deviations", () => {
  it("are found by rule and generation", () => {
    const list = [{ rule: "a.b", reason: "old" }, { rule: "c", generation: "v1.0" as const, reason: "older" }];
    expect(deviationOf(list, "a.b", "v1.1")).toBe(list[0]);
    expect(deviationOf(list, "c", "v1.0")).toBe(list[1]);
    expect(deviationOf(list, "c", "v1.1")).toBeUndefined();
  });

  it.each([
    [{}, "deviations are a list"],
    [[null], "deviation 1 needs a rule and a reason: null"],
    [[{ rule: "a" }], 'deviation 1 needs a rule and a reason: {"rule":"a"}'],
    [[{ rule: "a", reason: " " }], "deviation 1 needs a rule and a reason"],
    [[{ rule: "a", reason: "b" }, { rule: "a", reason: "b", generation: "v2" }], 'deviation 2: "v2" is no generation'],
  ])("%j is refused", (value, message) => {
    expect(() => deviationsFromJson(value)).toThrow(message);
  });

  it("must name rules that there are", () => {
    expect(() => { assertDeviations([{ rule: "gone", reason: "old" }], []); }).toThrow('a deviation is listed from "gone", which is no rule');
  });
});
