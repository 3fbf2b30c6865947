import { describe, expect, it } from "@jest/globals";
import { optionsOf } from "./options.js";
import { rows } from "./rows.js";

const docs = "/docs";

describe("the command line", () => {
  it("measures everything in seven rounds and writes the reports", () => {
    expect(optionsOf([], docs)).toEqual({ rows, rounds: 7, server: undefined, out: docs, whole: true, judged: true });
  });

  it("writes no reports of some rows or of a short run without --out", () => {
    expect(optionsOf(["--rows", "records"], docs)).toMatchObject({ out: undefined, whole: false });
    expect(optionsOf(["--quick"], docs)).toMatchObject({ out: undefined, rounds: 3, whole: true });
    expect(optionsOf(["--smoke"], docs)).toMatchObject({ out: undefined, rounds: 1, whole: true, judged: false });
    expect(optionsOf(["--quick", "--out", "/there"], docs).out).toBe("/there");
  });

  it("reduces the work with --quick, and to a minimum with --smoke", () => {
    const count = (...args: string[]): number | undefined =>
      optionsOf(["--rows", "records", ...args], docs).rows[0]?.count;
    expect([count(), count("--quick"), count("--smoke")]).toEqual([800_000, 200_000, 8000]);
  });

  it("accepts the rounds and the server", () => {
    expect(optionsOf(["--rounds", "11", "--server", "connect"], docs)).toMatchObject({ rounds: 11, server: "connect" });
  });

  it.each([
    [["--rounds", "0"], 'expected an integer of at least 1, got "0"'],
    [["--rounds", "1.5"], 'got "1.5"'],
    [["--rounds", ""], 'got ""'],
    [["--server", "http"], "Allowed choices are connect, framed"],
    [["--rows", "nap"], 'no row begins with "nap"'],
    [["--fast"], "'--fast'"],
    [["there"], "too many arguments"],
  ])("rejects %j", (args, message) => {
    expect(() => optionsOf(args, docs)).toThrow(message);
  });
});
