import type { Report } from "../outcome.js";

/** Formats a report as JSON, with the fields of {@link Report}. */
export function jsonText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
