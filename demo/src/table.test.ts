import { describe, expect, it } from "@jest/globals";
import { formatTable } from "./table.js";

describe("formatTable", () => {
  it("aligns text to the left, and numbers and their headings to the right", () => {
    const rows = [
      ["generation", "n", "bytes"],
      ["v1.0", 12, 1_234_567.5],
      ["v1.1", 1234, 0],
    ];
    expect(formatTable(rows)).toBe(
      [
        "generation      n        bytes",
        "----------  -----  -----------",
        "v1.0           12  1,234,567.5",
        "v1.1        1,234            0",
      ].join("\n"),
    );
  });

  it("accepts a heading without rows", () => {
    expect(formatTable([["a", "bc"]])).toBe("a  bc");
  });
});
