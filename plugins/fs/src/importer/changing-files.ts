import type { Notices } from "../fs/notices.js";

/** The fields of a `stat` result that show whether a file was modified. */
export interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: bigint;
}

/**
 * The relation of the bytes that were read to the file:
 *
 * - `none`: they are its content.
 * - `grown`: bytes were added at its end, as far as its state shows.
 * - `length`: the file is unchanged, but its size is not the length of its content.
 * - `status`: only `ctime` has changed, and neither mode, owner nor number of names explains it.
 * - `modified`: the file was overwritten or truncated.
 */
export type Change = "none" | "grown" | "length" | "status" | "modified";

/**
 * Compares the state of a file before and after it was read.
 *
 * @param count - Number of bytes that were read.
 */
export function changeOf(before: FileState, after: FileState, count: number): Change {
  if (after.size > before.size && count >= before.size) return "grown";
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) return "modified";
  if (count !== Number(before.size)) return "length";
  if (after.ctimeNs === before.ctimeNs || hasOtherAttributes(before, after)) return "none";
  // A writer can restore mtime, as `touch -r` and some programs do, but no program can set ctime.
  return "status";
}

function hasOtherAttributes(before: FileState, after: FileState): boolean {
  return (
    before.mode !== after.mode || before.uid !== after.uid || before.gid !== after.gid || before.nlink !== after.nlink
  );
}

/** Describes a change for the user. */
export function describeChange(pathname: string, before: FileState, after: FileState, count: number): string {
  const changed = `${JSON.stringify(pathname)} changed while it was read`;
  const start = `${changed}: ${String(before.size)} bytes at the start`;
  if (count > before.size) return `${start}, at least ${count} read`;
  if (count < before.size) return `${start}, ${count} read`;
  if (after.size !== before.size) return `${start}, ${String(after.size)} at the end`;
  if (after.mtimeNs !== before.mtimeNs) return `${changed}: its content was modified`;
  return `${changed}: its content, attributes or names were modified`;
}

/** Number of files that are named on stderr; further files are only counted. */
const MAX_NAMED = 1000;

/** Decides about files that change while they are read. */
export class ChangingFiles {
  readonly #notices: Notices;
  #named = 0;
  /** Reports every change as an error. */
  readonly fail: boolean;

  /** @param action - The user's option. */
  constructor(action: "keep" | "fail", notices: Notices) {
    this.fail = action === "fail";
    this.#notices = notices;
  }

  /** Reports a file whose bytes are kept, although they may be a mix of old and new content. */
  kept(description: string): void {
    this.#notices.count("files kept although they changed while they were read");
    if (this.#named++ < MAX_NAMED) this.#notices.once(`${description}; the backup keeps what was read`);
  }
}
