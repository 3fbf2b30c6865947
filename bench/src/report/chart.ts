import type { RowSummary } from "../summary.js";
import { versionLine, type Report } from "./report.js";
import { ratioScale, tickLabel, type Scale } from "./scale.js";
import { element, escaped } from "./svg.js";

/** Sizes in pixels. */
const WIDTH = 900;
const LABELS = 330;
const FIGURES = 60;
const LINE = 24;
const TOP = 104;
const BOTTOM = 44;
const PLOT = WIDTH - LABELS - FIGURES;
const DOT = 5;
const TARGET = 8;

const colors = {
  text: "#1f2328",
  faint: "#59636e",
  grid: "#d1d9e0",
  reached: "#1a7f37",
  missed: "#cf222e",
  none: "#0969da",
  tuned: "#8c959f",
  target: "#bf8700",
};

/** Draws the ratios of all rows, with their quartiles and targets, as an SVG image. */
export function chartOf(report: Report): string {
  const { rows } = report;
  const height = TOP + rows.length * LINE + BOTTOM;
  const scale = ratioScale(
    rows.flatMap(({ againstGo, againstTunedGo, target }) => [
      againstGo.lowerQuartile,
      againstGo.upperQuartile,
      againstTunedGo.median,
      target ?? 1,
    ]),
  );
  const parts = [
    element("rect", { width: WIDTH, height, fill: "#ffffff" }),
    text(16, 28, "TypeScript against Go: relative speed", { "font-size": 17, "font-weight": "bold" }),
    text(16, 48, versionLine(report), { fill: colors.faint }),
    legend(),
    ...grid(scale, rows.length),
    text(xOf(scale, 1), TOP - 8, "as fast as Go", { "text-anchor": "middle", fill: colors.faint }),
    ...rows.map((row, index) => line(row, scale, TOP + index * LINE + LINE / 2)),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${WIDTH} ${height}`,
    width: WIDTH,
    height,
    "font-family": "system-ui, sans-serif",
    "font-size": 12,
  };
  return `${element("svg", attributes, `\n${parts.join("\n")}\n`)}\n`;
}

function grid(scale: Scale, lines: number): string[] {
  const bottom = TOP + lines * LINE;
  return scale.ticks.flatMap((tick) => {
    const x = xOf(scale, tick);
    const weight = tick === 1 ? { stroke: colors.text, "stroke-width": 1.5 } : { stroke: colors.grid };
    return [
      element("line", { x1: x, y1: TOP - 4, x2: x, y2: bottom, ...weight }),
      text(x, bottom + 18, tickLabel(tick), { "text-anchor": "middle", fill: colors.faint }),
    ];
  });
}

function line(
  { title, calls, againstGo, againstTunedGo, target, missed }: RowSummary,
  scale: Scale,
  y: number,
): string {
  const color = target === undefined ? colors.none : missed.includes("time") ? colors.missed : colors.reached;
  const parts = [
    text(LABELS - 14, y + 4, `${title} · ${calls} at once`, { "text-anchor": "end" }),
    element("circle", {
      cx: xOf(scale, againstTunedGo.median),
      cy: y,
      r: DOT - 1,
      fill: "#ffffff",
      stroke: colors.tuned,
      "stroke-width": 1.5,
    }),
    element("line", {
      x1: xOf(scale, againstGo.lowerQuartile),
      y1: y,
      x2: xOf(scale, againstGo.upperQuartile),
      y2: y,
      stroke: color,
      "stroke-width": 3,
      "stroke-linecap": "round",
    }),
    element("circle", { cx: xOf(scale, againstGo.median), cy: y, r: DOT, fill: color }),
    text(WIDTH - 16, y + 4, againstGo.median.toFixed(2), { "text-anchor": "end", fill: color, "font-weight": "bold" }),
  ];
  if (target !== undefined) parts.push(targetMark(xOf(scale, target), y));
  return element("g", {}, parts.join(""));
}

function targetMark(x: number, y: number): string {
  return element("line", { x1: x, y1: y - TARGET, x2: x, y2: y + TARGET, stroke: colors.target, "stroke-width": 3 });
}

function legend(): string {
  const y = 70;
  const dot = (x: number, color: string): string => element("circle", { cx: x, cy: y - 4, r: DOT, fill: color });
  return [
    dot(22, colors.reached),
    text(32, y, "reaches its target"),
    dot(150, colors.missed),
    text(160, y, "misses it"),
    dot(228, colors.none),
    text(238, y, "no target"),
    targetMark(306, y - 4),
    text(316, y, "target"),
    element("circle", { cx: 372, cy: y - 4, r: DOT - 1, fill: "#ffffff", stroke: colors.tuned, "stroke-width": 1.5 }),
    text(382, y, "against Go with pooled buffers"),
    text(582, y, "dots are medians, bars go from quartile to quartile", { fill: colors.faint }),
  ].join("");
}

function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element("text", { x, y, fill: colors.text, ...attributes }, escaped(content));
}

function xOf(scale: Scale, ratio: number): number {
  return LABELS + scale.placeOf(ratio) * PLOT;
}
