import { describe, expect, it } from "@jest/globals";
import { Pace } from "./pace.js";

describe("Pace", () => {
  it("lets calls block while they are quick", () => {
    const pace = new Pace();
    for (let i = 0; i < 100; i++) {
      expect(pace.mayBlock()).toBe(true);
      pace.blocked(0.1);
    }
  });

  it("stops that for a while after a slow one, then tries again", () => {
    const pace = new Pace();
    pace.blocked(10);
    let refused = 0;
    while (!pace.mayBlock()) refused++;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(1000);
    expect(pace.mayBlock()).toBe(true);
  });
});
