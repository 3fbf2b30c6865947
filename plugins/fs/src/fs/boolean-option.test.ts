import { describe, expect, it } from "@jest/globals";
import { booleanOption } from "./boolean-option.js";

describe("booleanOption", () => {
  it.each(["1", "t", "T", "true", "TRUE", "True"])("accepts %s as true", (value) => {
    expect(booleanOption({ option: value }, "option")).toBe(true);
  });

  it.each(["0", "f", "F", "false", "FALSE", "False", ""])("accepts '%s' as false", (value) => {
    expect(booleanOption({ option: value }, "option")).toBe(false);
  });

  it("returns false if the option is not set", () => {
    expect(booleanOption({}, "option")).toBe(false);
  });

  it.each(["yes", "tRUE", " true", "2"])("rejects '%s'", (value) => {
    expect(() => booleanOption({ option: value }, "option")).toThrow(
      `option option: expected true or false, got "${value}"`,
    );
  });
});
