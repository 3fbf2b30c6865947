import { describe, expect, it } from "@jest/globals";
import { crashReporter } from "./crash-reports.js";

function reporter(): { report: (what: string, error: unknown) => void; lines: string[] } {
  const lines: string[] = [];
  return { report: crashReporter((text) => lines.push(text)), lines };
}

describe("crashReporter", () => {
  it("writes the stack of an error once", () => {
    const { report, lines } = reporter();
    const error = new Error("too late");
    report("unhandled rejection", error);
    report("uncaught exception", error);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^unhandled rejection: Error: too late\n +at /);
  });

  it("reports thrown values that are not errors", () => {
    const { report, lines } = reporter();
    report("uncaught exception", "a string");
    report("uncaught exception", undefined);
    expect(lines).toEqual(["uncaught exception: 'a string'\n", "uncaught exception: undefined\n"]);
  });

  it("limits the number and the length of reports", () => {
    const { report, lines } = reporter();
    for (let i = 0; i < 200; i += 1) report("uncaught exception", new Error("x".repeat(100_000)));
    expect(lines).toHaveLength(101);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(17_000);
    expect(lines.at(-1)).toBe("further uncaught errors are not shown\n");
  });
});
