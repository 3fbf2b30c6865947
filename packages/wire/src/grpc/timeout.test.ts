import { describe, expect, it } from "@jest/globals";
import { isFarDeadline } from "./timeout.js";

describe("isFarDeadline", () => {
  it.each([
    ["99999999H", true],
    ["597H", true],
    ["596H", false],
    ["35792M", true],
    ["2147484S", true],
    ["2147483S", false],
    ["99999999m", false],
    ["99999999n", false],
    ["0S", false],
    ["-1S", false],
    ["999999999H", false],
    ["", false],
  ])("of %s is %s", (timeout, far) => {
    expect(isFarDeadline(timeout)).toBe(far);
  });
});
