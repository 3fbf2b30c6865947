import { describe, expect, it } from "@jest/globals";
import { summaryOf } from "./summary.js";
import { roundsWith, rowOf } from "./testing/figures.js";

const MB = 1e6;

describe("summaryOf", () => {
  it("pairs the rounds and takes medians", () => {
    const summary = summaryOf(rowOf("put-100k@8"), roundsWith(1.5, { bytes: 10 * MB }));
    expect(summary.againstGo).toEqual({
      median: 1.5,
      lowest: 1.125,
      highest: 1.875,
      lowerQuartile: 1.3125,
      upperQuartile: 1.6875,
    });
    expect(summary.againstTunedGo.median).toBe(0.5);
    expect(summary.seconds).toEqual({ typescript: 2, go: 3, goTuned: 1 });
    expect(summary.megabytesPerSecond).toEqual({ typescript: 5, go: 0, goTuned: 0 });
    expect(summary.missed).toEqual([]);
  });

  it.each([
    ["import-1k@8", 4, {}, []],
    ["import-1k@8", 3.99, {}, ["time"]],
    ["put-100k@1", 2, { cpuSeconds: 2 }, []],
    ["put-10m@1", 0.95, { cpuSeconds: 1.01 }, ["CPU"]],
    ["put-10m@1", 2, { peakBytes: 900 * MB }, []],
    ["import-10m@1", 0.9, { cpuSeconds: 2, peakBytes: 151 * MB }, ["time", "CPU", "memory"]],
    ["fs@8", 0.1, { cpuSeconds: 2 }, []],
  ] as const)("%s, %d times as fast with %j, misses %j", (id, ratio, measures, missed) => {
    expect(summaryOf(rowOf(id), roundsWith(ratio, measures)).missed).toEqual(missed);
  });
});
