import type { Outcome, Report, Verdict } from "../outcome.js";
import { forTerminal } from "./terminal.js";

const MARKS: Readonly<Record<Verdict, string>> = {
  passed: "ok",
  failed: "FAILED",
  warning: "warn",
  deviates: "known",
  stale: "STALE",
  "not applicable": "n/a",
  "not asked": "-",
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));

/**
 * Formats an outcome for the terminal: one line, or more if something needs attention.
 *
 * @param repeat - The command that checks a broken rule alone.
 */
export function outcomeText(outcome: Outcome, repeat?: string): string {
  const { generation, verdict, rule, title, because, hosts, message, listed, stderr, milliseconds } = outcome;
  const isBroken = verdict === "failed" || verdict === "warning";
  const lines = [`${MARKS[verdict].padEnd(MARK_WIDTH)}  ${generation}  ${rule}: ${title} (${milliseconds} ms)`];
  if (verdict !== "passed") lines.push(indent(message ?? "", 8));
  if (verdict === "deviates") lines.push(indent(`known: ${listed ?? ""}`, 8));
  if (isBroken) {
    const level = hosts.length > 0 ? `required by ${hosts.join(", ")}` : "robustness: no host relies on it";
    lines.push(`        why it matters: ${because}`, `        level: ${level}`);
    if (repeat !== undefined) lines.push(`        check it alone: ${repeat}`);
    if (stderr !== undefined) lines.push("        the plugin's log:", indent(stderr, 10));
  }
  return `${lines.join("\n")}\n`;
}

/** Formats the rules that do not apply: one line for each reason, with the way to have them checked. */
export function notApplicableText({ outcomes }: Pick<Report, "outcomes">): string {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { verdict, message = "", enable } = outcome;
    if (verdict !== "not applicable") continue;
    const reason = enable === undefined ? message : `${message}; to check them, ${enable}`;
    groups.set(reason, [...(groups.get(reason) ?? []), outcome]);
  }
  const lines = [...groups].map(([reason, group]) => {
    const generations = [...new Set(group.map(({ generation }) => generation))].join(", ");
    const rules = new Set(group.map(({ rule }) => rule)).size;
    const line = `${rules} ${rules === 1 ? "rule" : "rules"}: ${reason.replaceAll(/\s+/g, " ")}`;
    return `${MARKS["not applicable"].padEnd(MARK_WIDTH)}  ${generations}  ${forTerminal(line)}\n`;
  });
  return lines.join("");
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
