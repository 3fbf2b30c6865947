import { describe, expect, it } from "@jest/globals";
import { Code } from "./code.js";
import { callRefusal } from "./request-checks.js";

describe("the refusal of a compressed call", () => {
  it("quotes the encoding", () => {
    expect(callRefusal({ encoding: "gzip", timeout: undefined })).toMatchObject({
      code: Code.Unimplemented,
      message: 'the host compresses with "gzip", but the plugin offers no compression',
    });
  });

  it("truncates a long encoding to 256 characters", () => {
    expect(callRefusal({ encoding: "x".repeat(1000), timeout: undefined })?.message).toBe(
      `the host compresses with "${"x".repeat(256)}…", but the plugin offers no compression`,
    );
  });

  it.each([undefined, "identity"])("does not apply to the encoding %s", (encoding) => {
    expect(callRefusal({ encoding, timeout: undefined })).toBeUndefined();
  });
});
