import type { Read } from "./bytes.js";
import type { Entry, ErrorEntry, RecordEntry } from "./entry.js";
import { fileInfoOf, type FileInfoInit } from "./file-info.js";

/** Options of {@link symlink}. Every field has a default. */
export interface SymlinkInit extends Omit<FileInfoInit, "type" | "name"> {
  /** Names of the extended attributes, each of which is also yielded as a separate entry. */
  extendedAttributes?: readonly string[] | undefined;
  /** Windows file attributes. */
  fileAttributes?: number | undefined;
}

/** Options of {@link directory}. Every field has a default. */
export type DirectoryInit = Omit<SymlinkInit, "size">;

/** Options of {@link file}. Every field has a default. */
export interface FileInit extends SymlinkInit {
  /** Opens the content. Optional if the importer has `open` or the file is empty. */
  read?: Read | undefined;
}

/**
 * Creates the entry of a regular file. An invalid value is reported as an error of this entry, as `fileInfoOf` says, and
 * the scan continues.
 *
 * @example
 * yield file("/notes/today.txt", { size: 3, modTime: new Date(note.changed), read: () => fetchNote(note.id) });
 */
export function file(pathname: string, init: FileInit = {}): RecordEntry {
  const { read, ...rest } = init;
  return { ...record(pathname, "file", rest), ...(read !== undefined && { read }) };
}

/**
 * Creates the entry of a directory. Invalid values are reported as those of {@link file} are.
 *
 * @example
 * yield directory("/notes");
 */
export function directory(pathname: string, init: DirectoryInit = {}): RecordEntry {
  return record(pathname, "directory", init);
}

/**
 * Creates the entry of a symbolic link. Invalid values are reported as those of {@link file} are.
 *
 * @param target - The path that the link contains: absolute, or relative to its directory. Never resolved.
 */
export function symlink(pathname: string, target: string, init: SymlinkInit = {}): RecordEntry {
  return { ...record(pathname, "symlink", init), target };
}

/**
 * Runs a function that makes an entry, and turns its failure into an error entry: the user sees the error for this
 * pathname, and the scan continues. Without it, a throw ends the scan and fails the backup.
 *
 * @example
 * for (const note of notes) yield entry(note.path, () => file(note.path, parse(note)));
 * @example
 * for (const path of paths) yield await entry(path, async () => file(path, await describeRemote(path)));
 */
export function entry<Made extends Entry>(pathname: string, make: () => PromiseLike<Made>): Promise<Made | ErrorEntry>;
/** Does the same with a synchronous function. */
export function entry<Made extends Entry>(pathname: string, make: () => Made): Made | ErrorEntry;
export function entry<Made extends Entry>(
  pathname: string,
  make: () => Made | PromiseLike<Made>,
): Made | ErrorEntry | Promise<Made | ErrorEntry> {
  const failed = (error: unknown): ErrorEntry => ({
    pathname,
    // Undefined would be no error. The SDK finds a text for every other value.
    error: error === undefined ? "undefined was thrown" : (error as Error | string),
  });
  try {
    const made = make();
    return isPromise(made) ? Promise.resolve(made).then(checked).catch(failed) : checked(made);
  } catch (error) {
    return failed(error);
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** Checks the result of an author's function, which may lack a `return`. */
function checked<Made extends Entry>(made: Made): Made {
  if (typeof made === "object" && (made as unknown) !== null) return made;
  throw new TypeError(`entry(): expected an entry from the function, got ${typeof made}; is a "return" missing?`);
}

function record(pathname: string, type: "file" | "directory" | "symlink", init: SymlinkInit): RecordEntry {
  const { extendedAttributes, fileAttributes, ...info } = init;
  return {
    pathname,
    fileInfo: fileInfoOf({ ...info, type }),
    ...(extendedAttributes !== undefined && { extendedAttributes }),
    ...(fileAttributes !== undefined && { fileAttributes }),
  };
}
