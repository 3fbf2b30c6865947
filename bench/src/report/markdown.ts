import { cellsOf, headings } from "./lines.js";
import { versionLine, type Report } from "./report.js";
import { startHeadings, startLines, startVerdict } from "./start.js";

/** The report as a page, beside its chart. */
export function markdownReport(report: Report): string {
  const { rounds, rows, start, versions } = report;
  const paragraphs = [
    "# How fast it is",
    `\`npm run bench\` wrote this page. ${versionLine(report)}; ${versions.machine}.`,
    "![Ratios against the Go SDK, by row](benchmark.svg)",
    `Each row has the same work done by a plugin in TypeScript, by one in Go that works as Plakar's Go SDK does (1 MiB is allocated
for every call that reads), and by a tuned one (buffers from a pool): in turn (rounds: ${rounds}), each time in a process of its own, driven
over pipes by one host in Go, which checks every byte that comes. "Against Go" is the time of Go divided by that of TypeScript:
above 1, TypeScript is the faster one. It is the median of the rounds' ratios; absolute figures say little on a shared machine.
"CPU" is the ratio of the CPU seconds of both plugins' whole lives, "peak MB" the most memory they had. Targets of time are
in the table; CPU must not be above Go's for files and resources of 10 MB, nor the peak above 150 MB but for the storage,
which keeps everything in memory. The importer in Go for the real tree is the smallest one that works: it knows no
extended attributes, owners or excludes.`,
    markdownTable([headings, ...rows.map(cellsOf)]),
  ];
  if (start !== undefined)
    paragraphs.push("## Start", markdownTable([startHeadings, ...startLines(start)]), startVerdict(start));
  return `${paragraphs.join("\n\n")}\n`;
}

function markdownTable([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
