import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { checkDeadline, startDeadline } from "./deadline.js";

afterEach(() => {
  jest.useRealTimers();
});

describe("checkDeadline", () => {
  it.each([0, 0.5, 10_000, 2 ** 31, Infinity])("accepts %d", (ms) => {
    expect(checkDeadline("closeDeadlineMs", ms)).toBe(ms);
  });

  it.each<[unknown, string]>([
    [Number.NaN, "NaN"],
    [-1, "-1"],
    [-Infinity, "-Infinity"],
    ["10", '"10"'],
    [10n, "10"],
    [null, "null"],
    [undefined, "undefined"],
  ])("refuses %p by name", (ms, shown) => {
    expect(() => checkDeadline("closeDeadlineMs", ms)).toThrow(
      new RangeError(`closeDeadlineMs must be milliseconds, at least 0: ${shown}`),
    );
  });
});

describe("startDeadline", () => {
  it("fires when the time is over", () => {
    jest.useFakeTimers();
    const passed = jest.fn();
    startDeadline(passed, 2 ** 31 - 1);
    jest.advanceTimersByTime(2 ** 31 - 2);
    expect(passed).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(passed).toHaveBeenCalledTimes(1);
  });

  it.each([2 ** 31, Number.MAX_VALUE, Infinity])(
    "never fires after %d ms, which is more than a timer can wait",
    (ms) => {
      jest.useFakeTimers();
      expect(startDeadline(jest.fn(), ms)).toBeUndefined();
      expect(jest.getTimerCount()).toBe(0);
    },
  );
});
