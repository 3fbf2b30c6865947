import type { Read } from "./bytes.js";
import type { FileInfo } from "./file-info.js";

/**
 * The kinds of extended attributes: `"extended"` (POSIX, and Windows EA), `"ads"` (NTFS alternate data streams) and
 * `"custom"` (metadata of a source that is no file system). Plakar stores all three; releases up to 1.1.4 restore none.
 */
export type ExtendedAttributeKind = "extended" | "ads" | "custom";

/** A file, directory, symbolic link or special file. */
export interface RecordEntry {
  /**
   * Absolute, slash-separated and unique within one scan. Must be clean (no empty component, no ".", no "..") and must
   * not contain NUL or lone surrogates, which UTF-8 cannot represent.
   */
  readonly pathname: string;
  readonly fileInfo: FileInfo;
  /** Target of a symbolic link. Required for symbolic links; absent or empty for every other type. */
  readonly target?: string | undefined;
  /**
   * Names of the extended attributes, each of which is also yielded as a separate entry. An attribute whose name is
   * missing here cannot be restored.
   */
  readonly extendedAttributes?: readonly string[] | undefined;
  /** Windows file attributes. */
  readonly fileAttributes?: number | undefined;
  /**
   * Opens the content of a regular file. Called as a method of the entry. Optional if the importer has `open` or the
   * file is empty (its `fileInfo.size` is 0).
   *
   * A stream that ends normally is taken as complete, so incomplete content must throw. If the number of bytes differs
   * from a known `fileInfo.size`, all bytes are kept and a warning is logged. An entry of any other type with its own `read` is
   * rejected, because its content would be lost. A `read` inherited from a class is ignored instead, unless the type is
   * irregular.
   */
  readonly read?: Read | undefined;
  readonly attribute?: undefined;
  readonly error?: undefined;
}

/** One extended attribute of an entry. Not sent to v1.0 hosts, which would store it in place of the file. */
export interface ExtendedAttributeEntry {
  /** Pathname of the entry that owns the attribute. */
  readonly pathname: string;
  readonly attribute: ExtendedAttributeName;
  /** Opens the value. Called as a method of the entry. Optional if the importer has `open`. */
  readonly read?: Read | undefined;
  readonly fileInfo?: undefined;
  readonly error?: undefined;
}

/** Name and kind of an extended attribute. */
export interface ExtendedAttributeName {
  /** For example "user.color". */
  readonly name: string;
  readonly kind: ExtendedAttributeKind;
}

/** Reports an entry that could not be scanned. The user sees the error and the scan continues. */
export interface ErrorEntry {
  /** Pathname of the entry. */
  readonly pathname: string;
  /** Shown to the user. */
  readonly error: Error | string;
  readonly fileInfo?: undefined;
  readonly attribute?: undefined;
}

/** Any item yielded by a scan. */
export type Entry = RecordEntry | ExtendedAttributeEntry | ErrorEntry;

/** Identifies the content requested by the host. Contains every field that hosts send back. */
export interface EntryRef {
  readonly pathname: string;
  /** Present when the host requests an extended attribute instead of the file. */
  readonly attribute?: ExtendedAttributeName | undefined;
  /** Target of a symbolic link; empty for other types. */
  readonly target: string;
}
