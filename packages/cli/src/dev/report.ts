import { compareRecords, isTruncated, type RecordChange, type RecordSet } from "./records.js";
import type { ConnectorIdentity } from "@kloset/host";

/** Progress of `kloset dev`. */
export type DevEvent =
  | { readonly event: "build"; readonly error: string }
  | { readonly event: "unchanged" }
  | { readonly event: "scan"; readonly before: RecordSet | undefined; readonly after: RecordSet }
  | { readonly event: "start"; readonly type: string; readonly identity?: ConnectorIdentity }
  | { readonly event: "run"; readonly error: string }
  | { readonly event: "package"; readonly file: string; readonly plakar: string }
  | { readonly event: "package"; readonly error: string }
  | { readonly event: "watch"; readonly folders: readonly string[] };

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;
/** Fields that say most about a new or removed record. */
const MAIN_FIELDS = ["error", "mode", "size", "target"];

/** Returns an event as text for the user. @param limit - Number of records to show. */
export function textOf(event: DevEvent, limit: number): string {
  switch (event.event) {
    case "watch":
      return `watching ${event.folders.join(", ")}; Ctrl-C ends\n`;
    case "build":
      return `${event.error}\nwaiting for a change; the last build stays\n`;
    case "unchanged":
      return "the bundle has not changed\n";
    case "run":
      return `the plugin failed: ${event.error}\n`;
    case "start": {
      const { identity } = event;
      return `${event.type}: Init succeeded${identity === undefined ? "" : `; root ${printable(identity.root)}`}\n`;
    }
    case "package":
      return "error" in event ? `${event.error}\n` : `installed ${event.file} in Plakar ${event.plakar}\n`;
    case "scan":
      return scanText(event.before, event.after, limit);
  }
}

/** Returns an event as JSON Lines. @param limit - Number of records to list. */
export function jsonOf(event: DevEvent, limit: number): string {
  return linesOf(event, limit)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

function linesOf(event: DevEvent, limit: number): object[] {
  if (event.event !== "scan") return [event];
  const { before, after } = event;
  const { shown, counts } = changesOf(before, after, limit);
  const { records, errors, bytes, duplicates } = after;
  const summary = { event: "scan", records, errors, bytes, duplicates, ...counts, isPartial: isPartial(before, after) };
  return [summary, ...shown.map(({ kind, key, fields }) => ({ event: kind, record: key, fields }))];
}

function scanText(before: RecordSet | undefined, after: RecordSet, limit: number): string {
  const { shown, counts } = changesOf(before, after, limit);
  const total = counts.added + counts.removed + counts.changed;
  const lines = [`${summaryOf(after)}${changeText(before, counts)}`];
  for (const change of shown)
    lines.push(`  ${SIGNS[change.kind]} ${printable(change.key)}  ${fieldsText(change)}`.trimEnd());
  if (total > shown.length) lines.push(`  … and ${total - shown.length} more`);
  if (after.duplicates > 0) lines.push(`  pathnames that repeat: ${after.duplicates}; Plakar 1.0 fails on them`);
  if (isPartial(before, after))
    lines.push(`  compared the first ${after.fields.size} records only; added and removed ones are not shown`);
  return `${lines.join("\n")}\n`;
}

function summaryOf({ records, errors, bytes }: RecordSet): string {
  return [counted(records, "record"), counted(errors, "error"), counted(bytes, "byte")].join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

type Counts = Readonly<Record<RecordChange["kind"], number>>;

function changeText(before: RecordSet | undefined, { added, removed, changed }: Counts): string {
  if (before === undefined) return "";
  if (added + removed + changed === 0) return "; no record has changed";
  return `; ${added} added, ${removed} removed, ${changed} changed`;
}

/** Everything is new in the first scan. */
function changesOf(
  before: RecordSet | undefined,
  after: RecordSet,
  limit: number,
): { readonly shown: readonly RecordChange[]; readonly counts: Counts } {
  const counts = { added: 0, removed: 0, changed: 0 };
  const shown: RecordChange[] = [];
  const none: RecordSet = { ...after, records: 0, duplicates: 0, fields: new Map() };
  for (const change of compareRecords(before ?? none, after)) {
    counts[change.kind]++;
    if (shown.length < limit) shown.push(change);
  }
  return { shown, counts };
}

function isPartial(before: RecordSet | undefined, after: RecordSet): boolean {
  return isTruncated(after) || (before !== undefined && isTruncated(before));
}

function fieldsText({ kind, fields }: RecordChange): string {
  if (kind === "changed")
    return Object.entries(fields)
      .map(([name, [before, after]]) => `${name} ${valueText(before)} → ${valueText(after)}`)
      .join(", ");
  return MAIN_FIELDS.flatMap((name) => {
    const value = fields[name]?.find((each) => each !== undefined);
    if (value === undefined) return [];
    return name === "mode" ? [value] : [`${name} ${printable(value)}`];
  }).join(", ");
}

function valueText(value: string | undefined): string {
  return value === undefined ? "none" : printable(value === "" ? '""' : value);
}

/** Escapes control characters: a pathname must not move the cursor of the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters to escape
  return /[\u0000-\u001f\u007f-\u009f]/.test(text) ? JSON.stringify(text) : text;
}
