import { describe, expect, it } from "@jest/globals";
import { booleanOption } from "./boolean-option.js";

describe("booleanOption", () => {
  it.each(["1", "t", "T", "true", "TRUE", "True"])("takes %s as true", (value) => {
    expect(booleanOption({ option: value }, "option")).toBe(true);
  });

  it.each(["0", "f", "F", "false", "FALSE", "False", ""])("takes '%s' as false", (value) => {
    expect(booleanOption({ option: value }, "option")).toBe(false);
  });

  it("is false when not set", () => {
    expect(booleanOption({}, "option")).toBe(false);
  });

  it.each(["yes", "tRUE", " true", "2"])("refuses '%s'", (value) => {
    expect(() => booleanOption({ option: value }, "option")).toThrow(`option option must be true or false: "${value}"`);
  });
});
