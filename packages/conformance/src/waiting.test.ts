import { describe, expect, it } from "@jest/globals";
import { steadily, until } from "./waiting.js";

/** Returns a condition that yields these readings, then the last one forever, and counts them. */
function readings(...values: boolean[]): { holds: () => boolean; taken: () => number } {
  let taken = 0;
  return { holds: () => values[Math.min(taken++, values.length - 1)] ?? false, taken: () => taken };
}

const { signal } = new AbortController();
const otherwise = (): string => "it never holds";

describe("steadily", () => {
  it("requires that many readings in a row", async () => {
    const { holds, taken } = readings(true, true, false, true);
    await steadily(holds, { times: 3, within: 60_000, otherwise, signal });
    expect(taken()).toBe(6);
  });

  it("takes all readings after the deadline if the condition holds by then", async () => {
    const { holds, taken } = readings(true);
    await steadily(holds, { times: 3, within: 0, otherwise, signal });
    expect(taken()).toBe(3);
  });

  it("fails when the condition does not hold after the deadline", async () => {
    const { holds } = readings(true, false);
    await expect(steadily(holds, { times: 3, within: 0, otherwise, signal })).rejects.toThrow("it never holds");
  });
});

describe("until", () => {
  it("returns on the first reading that holds", async () => {
    const { holds, taken } = readings(false, true);
    await until(holds, { within: 60_000, otherwise, signal });
    expect(taken()).toBe(2);
  });
});
