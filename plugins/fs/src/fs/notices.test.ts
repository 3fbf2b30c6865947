import { describe, expect, it } from "@jest/globals";
import { Notices } from "./notices.js";

function noticesTo(lines: string[]): Notices {
  return new Notices("tsfs", (line) => lines.push(line));
}

describe("Notices", () => {
  it("writes each notice once, with the first path", () => {
    const lines: string[] = [];
    const notices = noticesTo(lines);
    notices.once("left out", "/a\nb");
    notices.once("left out", "/c");
    notices.once("cut");
    expect(lines).toEqual(['tsfs: left out (the first is "/a\\nb")\n', "tsfs: cut\n"]);
  });

  it("writes the counts at the end, once, and nothing if there are none", () => {
    const lines: string[] = [];
    const notices = noticesTo(lines);
    notices.end();
    expect(lines).toEqual([]);
    for (const kind of ["files left out", "names cut", "files left out"]) notices.count(kind);
    notices.end();
    notices.end();
    expect(lines).toEqual(["tsfs: files left out: 2\n", "tsfs: names cut: 1\n"]);
  });
});
