import type { Read } from "./bytes.js";
import type { FileInfo } from "./file-info.js";

/** The kinds of extended attributes: POSIX's (and Windows' EA), and NTFS' alternate data streams. */
export type ExtendedAttributeKind = "extended" | "ads";

/** A file, directory, symbolic link or special file. */
export interface RecordEntry {
  /**
   * Absolute and slash-separated, unique in one scan, clean: no empty component, no ".", no "..". Must have no NUL, and
   * no lone surrogates: it must survive UTF-8.
   */
  readonly pathname: string;
  readonly fileInfo: FileInfo;
  /** Target of a symbolic link, which must have one; absent or empty for all else. */
  readonly target?: string | undefined;
  /** Names of the extended attributes that are yielded as entries of their own. */
  readonly extendedAttributes?: readonly string[] | undefined;
  /** Windows file attributes. */
  readonly fileAttributes?: number | undefined;
  /**
   * Opens the content of a regular file; called as a method of the entry. Not needed when the importer has `open`, nor for an empty file.
   * A stream that ends is taken for whole: what breaks off must throw. Other than `fileInfo.size` bytes are told on stderr,
   * and kept. An entry of another type that has one is refused, because its content would be lost; a class may have it for all of its entries.
   */
  readonly read?: Read | undefined;
  readonly attribute?: undefined;
  readonly error?: undefined;
}

/** One extended attribute of an entry. Never sent to v1.0 hosts, which would mistake it for its file. */
export interface ExtendedAttributeEntry {
  /** Pathname of the entry that has it. */
  readonly pathname: string;
  readonly attribute: ExtendedAttributeName;
  /** Opens the value; called as a method of the entry. Not needed when the importer has `open`. */
  readonly read?: Read | undefined;
  readonly fileInfo?: undefined;
  readonly error?: undefined;
}

/** Name and kind of an extended attribute. */
export interface ExtendedAttributeName {
  /** As "user.color". */
  readonly name: string;
  readonly kind: ExtendedAttributeKind;
}

/** Says that an entry could not be scanned. The scan goes on; the user is told. */
export interface ErrorEntry {
  /** What could not be scanned. */
  readonly pathname: string;
  /** Shown to the user. */
  readonly error: Error | string;
  readonly fileInfo?: undefined;
  readonly attribute?: undefined;
}

/** What a scan yields. */
export type Entry = RecordEntry | ExtendedAttributeEntry | ErrorEntry;

/** Names content that the host wants: all that the wire returns of an entry. */
export interface EntryRef {
  readonly pathname: string;
  /** Present when the host wants an extended attribute, not the file. */
  readonly attribute?: ExtendedAttributeName | undefined;
  /** Target of a symbolic link, else empty. */
  readonly target: string;
}
