import type { ScannedRecord } from "@kloset/host";
import { fileModeFromPosix, fileModeToPosix, fileTypeOf, type FileInfo } from "@kloset/model";

/** The fields of a record, as text for the user. */
type RecordFields = Readonly<Record<string, string>>;

/** The records of a scan. */
export interface RecordSet {
  /** Number of records, errors included. */
  records: number;
  errors: number;
  /** Total size of the files. */
  bytes: number;
  /** Number of records whose key another one has, too. Hosts of v1.0 fail on them. */
  duplicates: number;
  /** Fields by key: the pathname, and the name of the extended attribute in brackets. At most {@link MAX_COMPARED}. */
  readonly fields: Map<string, RecordFields>;
}

/** A difference between two scans. */
export interface RecordChange {
  readonly kind: "added" | "removed" | "changed";
  readonly key: string;
  /** For each field, its value before and after. An absent value is undefined. */
  readonly fields: Readonly<Record<string, readonly [before: string | undefined, after: string | undefined]>>;
}

/** Records beyond are counted, but not compared. About 100 MB. */
const MAX_COMPARED = 100_000;

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const MILLISECONDS_PER_SECOND = 1000;
/** The range of JavaScript's Date, in seconds. */
const MAX_DATE_SECONDS = 8_640_000_000_000n;

/** Returns an empty set. */
export function emptyRecordSet(): RecordSet {
  return { records: 0, errors: 0, bytes: 0, duplicates: 0, fields: new Map() };
}

/** Adds a record. */
export function addRecord(set: RecordSet, record: ScannedRecord, maxCompared = MAX_COMPARED): void {
  set.records++;
  if (record.error !== undefined) set.errors++;
  else if (record.fileInfo !== undefined && fileTypeOf(record.fileInfo.mode) === "file")
    set.bytes += Math.max(0, record.fileInfo.size ?? 0);
  const { attribute, pathname } = record;
  const key = attribute === undefined ? pathname : `${pathname} [${attribute.kind}: ${attribute.name}]`;
  if (set.fields.has(key)) set.duplicates++;
  else if (set.fields.size < maxCompared) set.fields.set(key, fieldsOf(record));
}

/** True if the set has records that are not compared. */
export function isTruncated(set: RecordSet): boolean {
  return set.fields.size + set.duplicates < set.records;
}

/**
 * Yields the differences between two scans, in the order of the newer one; removed records come last. If one of the sets
 * is truncated, yields only records that both have.
 */
export function* compareRecords(before: RecordSet, after: RecordSet): Generator<RecordChange, void, undefined> {
  const isPartial = isTruncated(before) || isTruncated(after);
  for (const [key, fields] of after.fields) {
    const old = before.fields.get(key);
    const differences = differencesOf(old ?? {}, fields);
    if (old === undefined) {
      if (!isPartial) yield { kind: "added", key, fields: differences };
    } else if (Object.keys(differences).length > 0) {
      yield { kind: "changed", key, fields: differences };
    }
  }
  if (isPartial) return;
  for (const [key, fields] of before.fields)
    if (!after.fields.has(key)) yield { kind: "removed", key, fields: differencesOf(fields, {}) };
}

function differencesOf(before: RecordFields, after: RecordFields): RecordChange["fields"] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...names]
      .filter((name) => before[name] !== after[name])
      .map((name) => [name, [before[name], after[name]] as const]),
  );
}

function fieldsOf(record: ScannedRecord): RecordFields {
  const { error, fileInfo, target, extendedAttributes, fileAttributes } = record;
  return {
    ...(error !== undefined && { error }),
    ...(fileInfo !== undefined && fileInfoFields(fileInfo)),
    ...(target !== "" && { target }),
    ...(extendedAttributes.length > 0 && { extendedAttributes: extendedAttributes.join(", ") }),
    ...(fileAttributes !== 0 && { fileAttributes: fileAttributes.toString() }),
  };
}

function fileInfoFields(info: FileInfo): RecordFields {
  return {
    name: info.name,
    size: info.size?.toString() ?? "unknown",
    mode: modeText(info.mode),
    modTime: timeText(info.modTime),
    dev: info.dev.toString(),
    ino: info.ino.toString(),
    uid: info.uid.toString(),
    gid: info.gid.toString(),
    nlink: info.nlink.toString(),
    username: info.username,
    groupname: info.groupname,
    flags: info.flags.toString(),
  };
}

/** Returns `file 0644`. A mode with bits that POSIX does not have is shown as hosts send it. */
function modeText(mode: number): string {
  const posix = fileModeToPosix(mode);
  if (fileModeFromPosix(posix) !== mode) return `0x${mode.toString(16)}`;
  return `${fileTypeOf(mode)} 0${(posix & 0o7777).toString(8).padStart(3, "0")}`;
}

function timeText(nanoseconds: bigint): string {
  let seconds = nanoseconds / NANOSECONDS_PER_SECOND;
  let rest = nanoseconds % NANOSECONDS_PER_SECOND;
  if (rest < 0n) {
    seconds -= 1n;
    rest += NANOSECONDS_PER_SECOND;
  }
  if (seconds > MAX_DATE_SECONDS || seconds < -MAX_DATE_SECONDS) return `${nanoseconds} ns`;
  const text = new Date(Number(seconds) * MILLISECONDS_PER_SECOND).toISOString();
  const fraction = rest === 0n ? "" : `.${rest.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return text.replace(/\.\d+Z$/, `${fraction}Z`);
}
