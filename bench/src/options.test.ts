import { describe, expect, it } from "@jest/globals";
import { optionsOf } from "./options.js";
import { rows } from "./rows.js";

const docs = "/docs";

describe("the command line", () => {
  it("measures everything in seven rounds, and writes it down", () => {
    expect(optionsOf([], docs)).toEqual({ rows, rounds: 7, server: undefined, out: docs, whole: true, judged: true });
  });

  it("writes nothing of a part, or of a short run, unless it is told where to", () => {
    expect(optionsOf(["--rows", "records"], docs)).toMatchObject({ out: undefined, whole: false });
    expect(optionsOf(["--quick"], docs)).toMatchObject({ out: undefined, rounds: 3, whole: true });
    expect(optionsOf(["--smoke"], docs)).toMatchObject({ out: undefined, rounds: 1, whole: true, judged: false });
    expect(optionsOf(["--quick", "--out", "/there"], docs).out).toBe("/there");
  });

  it("has less to do when it is quick, and hardly anything to see that it works", () => {
    const count = (...args: string[]): number | undefined =>
      optionsOf(["--rows", "records", ...args], docs).rows[0]?.count;
    expect([count(), count("--quick"), count("--smoke")]).toEqual([800_000, 200_000, 8000]);
  });

  it("takes the rounds and the server", () => {
    expect(optionsOf(["--rounds", "11", "--server", "connect"], docs)).toMatchObject({ rounds: 11, server: "connect" });
  });

  it.each([
    [["--rounds", "0"], '--rounds is "0": a whole number of 1 or more is needed'],
    [["--rounds", "1.5"], '--rounds is "1.5": a whole number of 1 or more is needed'],
    [["--rounds", ""], '--rounds is "": a whole number of 1 or more is needed'],
    [["--server", "http"], '--server is "http": "connect" or "framed" is needed'],
    [["--rows", "nap"], 'no row begins with "nap"'],
    [["--fast"], "'--fast'"],
    [["there"], "'there'"],
  ])("%j is refused by name", (args, message) => {
    expect(() => optionsOf(args, docs)).toThrow(message);
  });
});
