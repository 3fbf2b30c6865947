import {
  describe,
  errorText,
  fileInfoToWire,
  isIterable,
  iterateUntilAbort,
  MAX_MESSAGE_BYTES,
  type WireFileInfo,
} from "@kloset/adapter";
import type { Entry, ExtendedAttributeEntry, ExtendedAttributeKind, RecordEntry } from "@kloset/model";
import type { Importer } from "./importer.js";

/** An entry that was checked: encoding it can not fail, and hosts take it. */
export type Scanned = ScannedRecord | ScannedAttribute | ScannedError;

/** A file, directory, symbolic link or special file. */
export interface ScannedRecord {
  readonly type: "record";
  readonly entry: RecordEntry;
  readonly fileInfo: WireFileInfo;
}

/** An extended attribute. */
export interface ScannedAttribute {
  readonly type: "attribute";
  readonly entry: ExtendedAttributeEntry;
}

/** What could not be scanned, and why. */
export interface ScannedError {
  readonly type: "error";
  readonly pathname: string;
  readonly message: string;
}

/** Room for what is not text in a message: numbers, tags and lengths. */
const RECORD_OVERHEAD = 4096;

/**
 * Runs the author's scan. An entry that is no good becomes an error for its
 * pathname, and the scan goes on.
 *
 * @param root - Where an error is reported that has no pathname of its own.
 * @throws what the scan itself throws.
 */
export async function* scanEntries(
  importer: Importer,
  root: string,
  signal: AbortSignal,
): AsyncGenerator<Scanned, void, undefined> {
  const entries: unknown = await importer.scan(signal);
  if (!isIterable(entries)) throw new TypeError(`scan() returned ${describe(entries)}: an iterable is needed`);
  for await (const entry of iterateUntilAbort(entries, signal)) yield checkEntry(entry, root);
}

/** Checks one entry, whatever the author yielded. */
export function checkEntry(value: unknown, root: string): Scanned {
  if (typeof value !== "object" || value === null) {
    return { type: "error", pathname: root, message: `scan() yielded ${describe(value)}: an entry is needed` };
  }
  const entry = value as Entry;
  const pathname: unknown = entry.pathname;
  if (typeof pathname !== "string") {
    return { type: "error", pathname: root, message: `scan() yielded an entry whose pathname is ${describe(pathname)}` };
  }
  try {
    checkPathname(pathname);
    if (entry.error !== undefined) return { type: "error", pathname, message: errorText(entry.error) };
    checkReader(entry);
    return entry.attribute === undefined ? checkRecord(entry) : checkAttribute(entry);
  } catch (error) {
    return { type: "error", pathname: reportable(pathname, root), message: errorText(error) };
  }
}

/** The pathname to report an error for: hosts accept no others. */
function reportable(pathname: string, root: string): string {
  const wellFormed = pathname.toWellFormed();
  return wellFormed.startsWith("/") && wellFormed.length < MAX_MESSAGE_BYTES / 8 ? wellFormed : root;
}

function checkPathname(pathname: string): void {
  const shown = JSON.stringify(pathname.slice(0, 1000));
  if (!pathname.startsWith("/")) throw new TypeError(`pathname must begin with "/": ${shown}`);
  checkText("pathname", pathname);
  if (pathname !== "/" && /\/(?:\.{0,2})(?:\/|$)/.test(pathname)) {
    throw new TypeError(`pathname must be clean (no empty component, no ".", no ".."): ${shown}`);
  }
}

function checkRecord(entry: RecordEntry): ScannedRecord {
  const info: unknown = entry.fileInfo;
  if (typeof info !== "object" || info === null) {
    throw new TypeError(`the entry has neither fileInfo nor attribute nor error: ${describe(entry)}`);
  }
  const fileInfo = fileInfoToWire(entry.fileInfo, entry.pathname);
  if (entry.target !== undefined) checkText("target", entry.target);
  const names: unknown = entry.extendedAttributes ?? [];
  if (!Array.isArray(names)) throw new TypeError(`extendedAttributes must be an array: ${describe(names)}`);
  let length = entry.pathname.length * 2 + (entry.target?.length ?? 0);
  for (const name of names as unknown[]) {
    checkText("the name of an extended attribute", name);
    length += (name as string).length + 4;
  }
  const attributes: unknown = entry.fileAttributes ?? 0;
  if (typeof attributes !== "number" || !Number.isInteger(attributes) || attributes < 0 || attributes > 0xffff_ffff) {
    throw new RangeError(`fileAttributes must be an integer of 32 bits: ${describe(attributes)}`);
  }
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (length * 3 + RECORD_OVERHEAD > MAX_MESSAGE_BYTES) {
    throw new RangeError(`the record has ${String(length)} characters of text: more than a message holds`);
  }
  return { type: "record", entry, fileInfo };
}

const KINDS: ReadonlySet<unknown> = new Set<ExtendedAttributeKind>(["extended", "ads"]);

function checkAttribute(entry: ExtendedAttributeEntry): ScannedAttribute {
  checkText("the name of an extended attribute", entry.attribute.name);
  if (!KINDS.has(entry.attribute.kind)) {
    throw new TypeError(`the kind of an extended attribute is "extended" or "ads": ${describe(entry.attribute.kind)}`);
  }
  return { type: "attribute", entry };
}

function checkReader(entry: RecordEntry | ExtendedAttributeEntry): void {
  const read: unknown = entry.read;
  if (read !== undefined && typeof read !== "function") throw new TypeError(`read must be a function: ${describe(read)}`);
}

/** A lone surrogate would silently become U+FFFD: another name than the one that was read. */
function checkText(what: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string: ${describe(value)}`);
  if (!value.isWellFormed()) throw new TypeError(`${what} is not valid Unicode: ${JSON.stringify(value.slice(0, 1000))}`);
  if (value.includes("\0")) throw new TypeError(`${what} holds a NUL: ${JSON.stringify(value.slice(0, 1000))}`);
}
