import type { Outcome, Report, Verdict } from "../outcome.js";
import { forTerminal } from "./terminal.js";

const MARKS: Readonly<Record<Verdict, string>> = {
  passed: "ok",
  failed: "FAILED",
  deviates: "known",
  stale: "STALE",
  "not applicable": "n/a",
  "not asked": "-",
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));

/** Formats an outcome for the terminal: one line, or more if something needs attention. */
export function outcomeText({
  generation,
  verdict,
  rule,
  title,
  because,
  message,
  listed,
  stderr,
  milliseconds,
}: Outcome): string {
  const lines = [`${MARKS[verdict].padEnd(MARK_WIDTH)}  ${generation}  ${rule}: ${title} (${milliseconds} ms)`];
  if (verdict !== "passed") lines.push(indent(message ?? "", 8));
  if (verdict === "deviates") lines.push(indent(`known: ${listed ?? ""}`, 8));
  if (verdict === "failed") lines.push(`        why it matters: ${because}`);
  if (verdict === "failed" && stderr !== undefined) lines.push("        the plugin's log:", indent(stderr, 10));
  return `${lines.join("\n")}\n`;
}

/** Formats the summary for the terminal. */
export function summaryText({ subject, counts, ok }: Report): string {
  const parts = (Object.keys(MARKS) as Verdict[]).filter((verdict) => counts[verdict] > 0);
  const sum = parts.map((verdict) => `${counts[verdict]} ${verdict}`).join(", ");
  const command = [subject.executable, ...(subject.args ?? [])].join(" ");
  const verdict = ok ? "conforms" : "does not conform";
  return `\n${forTerminal(command)} as ${subject.connector} ${verdict}: ${sum === "" ? "no rule was checked" : sum}\n`;
}

function indent(text: string, columns: number): string {
  return forTerminal(text.trimEnd()).replace(/^/gm, " ".repeat(columns));
}
