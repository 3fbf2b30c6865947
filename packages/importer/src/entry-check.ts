import {
  authorErrorText,
  checkClean,
  checkTextWithoutNul as checkText,
  counted,
  describe,
  errorText,
  fileInfoToWire,
  isUint,
  quoted,
  type WireFileInfo,
} from "@kloset/adapter";
import {
  cleanPathname,
  fileTypeOf,
  type Entry,
  type ExtendedAttributeEntry,
  type ExtendedAttributeKind,
  type ExtendedAttributeName,
  type FileType,
  type RecordEntry,
} from "@kloset/model";
import { InvalidValue, MAX_MESSAGE_BYTES, OutOfRange } from "@kloset/wire/grpc";
import { EntryReader, type Reader } from "./entry-reader.js";

/**
 * A checked entry: hosts accept it and encoding it cannot fail. Independent of the
 * author's object, which may still change.
 */
export type Scanned = ScannedRecord | ScannedAttribute | ScannedError;

/** A file, directory, symbolic link or special file. */
export interface ScannedRecord {
  readonly type: "record";
  readonly pathname: string;
  readonly target: string;
  readonly fileInfo: WireFileInfo;
  readonly extendedAttributes: string[];
  readonly fileAttributes: number;
  readonly read: Reader | undefined;
}

/** An extended attribute. */
export interface ScannedAttribute {
  readonly type: "attribute";
  readonly pathname: string;
  readonly attribute: ExtendedAttributeName;
  readonly read: Reader | undefined;
}

/** An entry that could not be scanned, and the reason. */
export interface ScannedError {
  readonly type: "error";
  readonly pathname: string;
  readonly message: string;
}

/** Bytes reserved in a message for numbers, tags and lengths, and for an error text. */
const RECORD_OVERHEAD = 256 * 1024;

/** Total number of UTF-16 units up to which the texts of an entry always fit. */
const SHORT = 4096;

/**
 * Checks a value yielded by the author's scan. Returns an error entry if it is
 * invalid.
 *
 * @param root - Pathname for errors whose own pathname hosts would reject.
 */
export function checkEntry(value: unknown, root: string): Scanned {
  let pathname: unknown;
  try {
    if (typeof value !== "object" || value === null) {
      throw new InvalidValue(`scan() yielded ${describe(value)}: an entry is needed`);
    }
    const entry = value as Entry;
    pathname = entry.pathname;
    if (entry.error !== undefined) return reportedError(pathname, authorErrorText(entry.error), root);
    const checked = checkPathname(pathname);
    return entry.attribute === undefined ? checkRecord(checked, entry) : checkAttribute(checked, entry);
  } catch (error) {
    return { type: "error", pathname: reportable(pathname, root), message: errorText(error) };
  }
}

/** Keeps the author's message even if the pathname is invalid. */
function reportedError(pathname: unknown, message: string, root: string): ScannedError {
  const shown = reportable(pathname, root);
  if (shown === pathname) return { type: "error", pathname: shown, message };
  return { type: "error", pathname: shown, message: `${quoted(pathname)}: ${message}` };
}

/** Returns the closest pathname that hosts accept, or the root if there is none. */
function reportable(pathname: unknown, root: string): string {
  if (typeof pathname !== "string" || !pathname.startsWith("/") || pathname.length * 3 > MAX_MESSAGE_BYTES / 2) {
    return root;
  }
  try {
    return cleanPathname(pathname.toWellFormed());
  } catch {
    return root;
  }
}

function checkPathname(pathname: unknown): string {
  if (typeof pathname !== "string") {
    throw new InvalidValue(`scan() yielded an entry whose pathname is ${describe(pathname)}: a string is needed`);
  }
  if (!pathname.startsWith("/")) throw new InvalidValue(`pathname must begin with "/": ${quoted(pathname)}`);
  return checkClean("pathname", checkText("pathname", pathname));
}

function checkRecord(pathname: string, entry: RecordEntry): ScannedRecord {
  const info: unknown = entry.fileInfo;
  if (typeof info !== "object" || info === null) {
    throw new InvalidValue(`the entry has neither fileInfo nor attribute nor error: ${describe(entry)}`);
  }
  const fileInfo = fileInfoToWire(entry.fileInfo, pathname);
  const target = entry.target === undefined ? "" : checkText("target", entry.target);
  const extendedAttributes = entry.extendedAttributes === undefined ? [] : checkNames(entry.extendedAttributes);
  const { name, username, groupname } = fileInfo;
  const units = pathname.length + name.length + username.length + groupname.length + target.length;
  if (units > SHORT || extendedAttributes.length > 0)
    checkSize([pathname, name, username, groupname, target, ...extendedAttributes]);
  const fileAttributes = checkFileAttributes(entry.fileAttributes ?? 0);
  const record: ScannedRecord = {
    type: "record",
    pathname,
    target,
    fileInfo,
    extendedAttributes,
    fileAttributes,
    read: EntryReader.of(entry, fileInfo.size < 0n ? undefined : Number(fileInfo.size)),
  };
  const type = fileTypeOf(fileInfo.mode);
  if (type !== "file" || target !== "") assertFits(type, record, entry);
  return record;
}

/**
 * Checks that target and content match the type. Hosts never read the content of
 * anything but a regular file, and cannot restore a link without a target: both
 * would be lost silently.
 */
function assertFits(type: FileType, { pathname, target, read }: ScannedRecord, entry: RecordEntry): void {
  if (type === "symlink" && target === "")
    throw new InvalidValue(`${quoted(pathname)} is a symbolic link without a target`);
  if (type !== "symlink" && target !== "") {
    throw new InvalidValue(
      `${quoted(pathname)} has the target ${quoted(target)}, but its type is "${type}", not "symlink"`,
    );
  }
  if (read === undefined || type === "file") return;
  // A class may define `read` for all of its entries. An irregular type, however, is likely a mistake.
  if (type === "irregular" || Object.hasOwn(entry, "read")) {
    throw new InvalidValue(
      `${quoted(pathname)} has a read, but its type is "${type}", not "file": its content would be lost`,
    );
  }
}

const KINDS: ReadonlySet<unknown> = new Set<ExtendedAttributeKind>(["extended", "ads", "custom"]);

function checkAttribute(pathname: string, entry: ExtendedAttributeEntry): ScannedAttribute {
  const attribute: unknown = entry.attribute;
  if (typeof attribute !== "object" || attribute === null) {
    throw new InvalidValue(`the attribute of the entry is ${describe(attribute)}: a name and a kind are needed`);
  }
  const fileInfo: unknown = entry.fileInfo;
  if (fileInfo !== undefined && fileInfo !== null) {
    throw new InvalidValue(
      `${quoted(pathname)} has fileInfo and attribute in one entry: yield one for the file, and one for its attribute`,
    );
  }
  const { kind } = entry.attribute;
  if (!KINDS.has(kind)) {
    throw new InvalidValue(`the kind of an extended attribute is "extended", "ads" or "custom": ${quoted(kind)}`);
  }
  const name = checkName(entry.attribute.name);
  checkSize([pathname, name]);
  return { type: "attribute", pathname, attribute: { name, kind }, read: EntryReader.of(entry, undefined) };
}

function checkNames(names: unknown): string[] {
  if (!Array.isArray(names)) throw new InvalidValue(`extendedAttributes must be an array: ${describe(names)}`);
  return names.map(checkName);
}

function checkName(name: unknown): string {
  const checked = checkText("the name of an extended attribute", name);
  if (checked === "") throw new InvalidValue("the name of an extended attribute is empty");
  return checked;
}

function checkFileAttributes(value: unknown): number {
  if (!isUint(value))
    throw new OutOfRange(`fileAttributes must be an integer from 0 to 4294967295: ${describe(value)}`);
  return value;
}

/** Rejects an oversized entry: one message that is too long ends the stream, and with it the backup. */
function checkSize(texts: readonly string[]): void {
  const limit = MAX_MESSAGE_BYTES - RECORD_OVERHEAD;
  // 8 covers tag and length. A UTF-16 unit takes at most three bytes of UTF-8, so most entries need no exact count.
  const most = texts.reduce((sum, text) => sum + text.length * 3 + 8, 0);
  if (most <= limit) return;
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 8, 0);
  if (bytes > limit) {
    throw new OutOfRange(`the texts of the entry have ${counted(bytes, "byte")}, and a message holds ${limit}`);
  }
}
