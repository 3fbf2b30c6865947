import { describe, expect, it } from "@jest/globals";
import { BlockingPolicy } from "./blocking-policy.js";

describe("BlockingPolicy", () => {
  it("lets calls block while they are fast", () => {
    const policy = new BlockingPolicy();
    for (let i = 0; i < 100; i++) {
      expect(policy.mayBlock()).toBe(true);
      policy.blocked(0.1);
    }
  });

  it("stops blocking for some files after a slow call, then tries again", () => {
    const policy = new BlockingPolicy();
    policy.blocked(10);
    let refused = 0;
    while (!policy.mayBlock()) refused++;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(1000);
    expect(policy.mayBlock()).toBe(true);
  });
});
