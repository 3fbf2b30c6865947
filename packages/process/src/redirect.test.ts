import { describe, expect, it } from "@jest/globals";
import { safeStdio } from "./redirect.js";

describe("safeStdio", () => {
  it("changes no entry while nothing is redirected", () => {
    expect(safeStdio("pipe")).toBe("pipe");
    expect(safeStdio(undefined)).toBeUndefined();
    expect(safeStdio("inherit")).toEqual([0, 1, 2]);
    expect(safeStdio(["ignore", "inherit", 2, "ipc", undefined])).toEqual(["ignore", 1, 2, "ipc", undefined]);
  });
});
