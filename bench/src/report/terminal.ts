import { cellsOf, headings } from "./lines.js";
import { versionLine, type Report } from "./report.js";
import { startHeadings, startLines, startVerdict } from "./start.js";
import { tableOf } from "./table.js";

/** Formats the report for a terminal. */
export function terminalReport(report: Report): string {
  const { start } = report;
  const parts = [
    `${versionLine(report)}\n${report.versions.machine}; rounds: ${report.rounds}\n`,
    tableOf([headings, ...report.rows.map(cellsOf)]),
  ];
  if (start !== undefined) parts.push(tableOf([startHeadings, ...startLines(start)]), `${startVerdict(start)}\n`);
  return parts.join("\n");
}
