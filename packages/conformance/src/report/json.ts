import type { Report } from "../outcome.js";

/** A report as a program reads it: see {@link Report} for its fields. */
export function jsonText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
