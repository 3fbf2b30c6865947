import { describe, expect, it } from "@jest/globals";
import { medianOf, ratiosOf, spreadOf } from "./statistics.js";

describe("spreadOf", () => {
  it.each([
    [[5], [5, 5, 5, 5, 5]],
    [
      [2, 1],
      [1, 1.25, 1.5, 1.75, 2],
    ],
    [
      [9, 1, 5],
      [1, 3, 5, 7, 9],
    ],
    [
      [7, 1, 6, 2, 5, 3, 4],
      [1, 2.5, 4, 5.5, 7],
    ],
  ])("of %j is %j", (values, [lowest, lowerQuartile, median, upperQuartile, highest]) => {
    expect(spreadOf(values)).toEqual({ lowest, lowerQuartile, median, upperQuartile, highest });
  });

  it("sorts numerically and does not change its argument", () => {
    const values = [10, 9, 100];
    expect(medianOf(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  it("rejects an empty list", () => {
    expect(() => spreadOf([])).toThrow(new RangeError("a quantile needs at least one value"));
  });
});

describe("ratiosOf", () => {
  it("divides round by round: above 1, ours is better", () => {
    expect(ratiosOf([1, 2, 4], [2, 2, 1])).toEqual([2, 1, 0.25]);
  });

  it("rejects different numbers of rounds", () => {
    expect(() => ratiosOf([1, 2], [1])).toThrow(new RangeError("2 rounds cannot be paired with 1"));
  });
});
