import { describe, expect, it } from "@jest/globals";
import { decodeStatusText, statusOf } from "./status.js";

describe("decodeStatusText", () => {
  it.each([
    ["plain", "plain"],
    ["100%25", "100%"],
    ["gr%C3%BC%C3%9Fe%0A", "grüße\n"],
    ["50% off, 5%2 left, %", "50% off, 5%2 left, %"],
    ["%zz%20", "%zz "],
    ["", ""],
  ])("decodes %j to %j", (encoded, text) => {
    expect(decodeStatusText(encoded)).toBe(text);
  });
});

describe("statusOf", () => {
  it("reads code and text", () => {
    expect(statusOf({ "grpc-status": "2", "grpc-message": "no%20such" })).toEqual({ code: 2, message: "no such" });
    expect(statusOf({ "grpc-status": "0" })).toEqual({ code: 0, message: "" });
  });

  it("returns undefined without a numeric code", () => {
    expect(statusOf({})).toBeUndefined();
    expect(statusOf({ "grpc-status": "x" })).toBeUndefined();
  });
});
