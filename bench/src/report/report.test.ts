import { describe, expect, it } from "@jest/globals";
import { someReport } from "../testing/figures.js";
import { chartOf } from "./chart.js";
import { markdownReport } from "./markdown.js";
import { ratioScale, tickLabel } from "./scale.js";
import { element, escaped } from "./svg.js";
import { tableOf } from "./table.js";
import { terminalReport } from "./terminal.js";

describe("the report on a terminal", () => {
  const text = terminalReport(someReport());

  it("names the versions and the machine", () => {
    expect(text).toContain(
      "2026-04-01 · SDK 1.2.3 (abcdef0), server framed · Node 20.19.0 · Go 1.25.0, grpc-go 1.81.1\n2 × <CPU & co>; rounds: 3\n",
    );
  });

  it("reports for each row whether it reaches its targets", () => {
    expect(text).toMatch(/^store put, 100 KB +8 +1\.50 +1\.31–1\.69 +1\.00 +yes +0\.50 +1\.00 +2\.00 +3\.00 +50 +50$/m);
    expect(text).toMatch(/^import, 1 KB files +8 +1\.50 +1\.31–1\.69 +4\.00 +not time, memory +/m);
    expect(text).toMatch(/^plugins\/fs, a real tree +1 +0\.50 +0\.44–0\.56 +0\.50 /m);
  });

  it("reports the start-up times", () => {
    expect(text).toMatch(/^TypeScript +120 +130$/m);
    expect(text).toContain('after 1.20 (quartiles 1.20–1.20) times a whole "node -e 0", within the limit of 1.25.');
  });

  it("omits start-up if it was not measured", () => {
    expect(terminalReport({ ...someReport(), start: undefined })).not.toContain("node -e 0");
  });
});

describe("the page", () => {
  const page = markdownReport(someReport());

  it("has the same number of cells in every row", () => {
    const lines = page
      .split("\n")
      .filter(
        (line) =>
          line.startsWith("| store") ||
          line.startsWith("| import") ||
          line.startsWith("| row") ||
          line.startsWith("| plugins"),
      );
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.split(" | ").length))).toEqual(new Set([12]));
  });

  it("shows the chart", () => {
    expect(page).toContain("](benchmark.svg)");
  });
});

describe("the chart", () => {
  const chart = chartOf(someReport());

  it("has the ratio of every row, in the color of its result", () => {
    expect(
      [...chart.matchAll(/<text[^>]*fill="(#\w+)"[^>]*font-weight="bold">([\d.]+)</g)].map(([, color, ratio]) => [
        color,
        ratio,
      ]),
    ).toEqual([
      ["#1a7f37", "1.50"],
      ["#cf222e", "1.50"],
      ["#0969da", "0.50"],
    ]);
  });

  it("marks each target, and one in the legend", () => {
    expect(chart.match(/stroke="#bf8700"/g)).toHaveLength(3);
  });

  it("is deterministic and complete", () => {
    expect(chartOf(someReport())).toBe(chart);
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [\s\S]*<\/svg>\n$/);
    expect(chart).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("the axis", () => {
  it("covers all values, and at least 1/2 to 2", () => {
    expect(ratioScale([1]).ticks).toEqual([0.5, 1, 2]);
    expect(ratioScale([0.3, 5]).ticks).toEqual([0.25, 0.5, 1, 2, 4, 8]);
  });

  it("is logarithmic", () => {
    const { placeOf } = ratioScale([0.25, 4]);
    expect([0.25, 0.5, 1, 2, 4].map(placeOf)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect([0.001, 1000].map(placeOf)).toEqual([0, 1]);
  });

  it("formats ticks as fractions", () => {
    expect([0.125, 1, 4].map(tickLabel)).toEqual(["1/8", "1", "4"]);
  });
});

it("aligns the columns of a table", () => {
  expect(tableOf([["a", "bb"], ["ccc", "d"], ["e"]])).toBe("a    bb\nccc   d\ne\n");
});

it("escapes markup in texts", () => {
  expect(escaped('<a & "b">')).toBe("&lt;a &amp; &quot;b&quot;&gt;");
  expect(element("text", { x: 1.26, title: "<" }, escaped("<"))).toBe('<text x="1.3" title="&lt;">&lt;</text>');
});
