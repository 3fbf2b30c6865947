import { expect, it } from "@jest/globals";
import { sameResults } from "./export-results.js";

/** Encodes a length-delimited field of up to 127 bytes. */
const field = (number: number, bytes: string): string => String.fromCharCode((number << 3) | 2, bytes.length) + bytes;
/** Encodes a result: a record with this pathname, and an error. */
const result = (pathname: string, error = "", unknown = ""): string =>
  field(1, field(1, field(2, pathname) + unknown) + (error === "" ? "" : field(2, error)));

it("compares the results of an Export in any order, without unknown fields", () => {
  const [a, b] = [result("/a"), result("/b", "failed")];
  expect(sameResults([a, b], [b, a])).toBe(true);
  expect(sameResults([result("/a", "", field(15, "more"))], [a])).toBe(true);
  for (const other of [[], [a, a], [result("/c")], [result("/a", "failed")]])
    expect(sameResults([a], other)).toBe(false);
  expect(sameResults(["\u000a\u0009"], [a])).toBe(false);
});
