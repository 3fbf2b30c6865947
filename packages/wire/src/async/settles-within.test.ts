import { describe, expect, it, jest } from "@jest/globals";
import { settlesWithin } from "./settles-within.js";

describe("settlesWithin", () => {
  it("resolves to true for a promise that resolves or rejects, and leaves no timer", async () => {
    jest.useFakeTimers();
    try {
      expect(await settlesWithin(Promise.resolve(1), 1000)).toBe(true);
      expect(await settlesWithin(Promise.reject(new Error("refused")), 1000)).toBe(true);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it("resolves to false when the time has passed", async () => {
    jest.useFakeTimers();
    try {
      const settled = settlesWithin(new Promise(() => undefined), 1000);
      await jest.advanceTimersByTimeAsync(1000);
      expect(await settled).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });

  it("starts no timer for more than a timer can wait", async () => {
    jest.useFakeTimers();
    try {
      const settled = settlesWithin(Promise.resolve(), Infinity);
      expect(jest.getTimerCount()).toBe(0);
      expect(await settled).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});
