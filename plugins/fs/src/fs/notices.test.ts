import { describe, expect, it } from "@jest/globals";
import { Notices } from "./notices.js";

describe("Notices", () => {
  it("writes each notice once, with the first path", () => {
    const lines: string[] = [];
    const notices = new Notices("tsfs", (line) => lines.push(line));
    notices.once("left out", "/a\nb");
    notices.once("left out", "/c");
    notices.once("cut");
    expect(lines).toEqual(['tsfs: left out (the first is "/a\\nb")\n', "tsfs: cut\n"]);
  });
});
